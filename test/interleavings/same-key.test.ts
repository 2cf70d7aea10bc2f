import { v7 as uuidv7 } from 'uuid';
import type { BatchOutcome } from '../../shared/contracts/actions.ts';
import { execution } from '../helpers/executions.ts';
import { EDGE_GATES, takeAt, toldBy } from './helpers/edge.ts';
import { seededOrders, type Choose } from './helpers/orders.ts';
import { expectNone, newBatch, openScene, type Fates, type Scene } from './helpers/scene.ts';
import type { Gates, Stage } from './helpers/stage.ts';

const ITEMS = 12;
/** An item that the rules refuse. */
const BAD = 6;
const FLUSH: Gates = { 'insert into ledger': ['before', 'within', 'after'] };

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(['edge-a', 'edge-b', 'writer-a', 'writer-b']);
});
afterAll(() => scene.close());

interface Shape {
  /** Rows of a slice, at the first edge and at the second. */
  segments: readonly [number, number];
  items?: number;
  cuts?: number;
  mortals?: string[];
}

/** Two edges with the same key and body, and a lease that ends at some moment; what each of them answered. */
async function twice(choose: Choose, { segments, items: count = ITEMS, cuts = 0, mortals = [] }: Shape, key: string) {
  const batch = newBatch(count);
  const items = batch.marks.map((securityId, i) => execution({ securityId, ...(i === BAD ? { quantity: 0 } : {}) }));
  const writers = [scene.actor('writer-a'), scene.actor('writer-b')];
  const take = (name: string, segmentRows: number, stage: Stage, batchId: string) => async () => {
    const outcome = await takeAt(scene.actor(name), { segmentRows, writers, nextBlock: () => batch.ids() / 1_024 }, { batchId, items, key: { key, sha: 'ab'.repeat(32) } });
    if (stage.isDead(name)) throw new Error('nobody heard the answer');
    return outcome;
  };
  const gates = { 'edge-a': EDGE_GATES, 'edge-b': EDGE_GATES, 'writer-a': FLUSH, 'writer-b': FLUSH };
  const { results, order } = await scene.play(choose, { gates, cuts, mortals }, (stage) => ({
    'edge-a': take('edge-a', segments[0], stage, uuidv7()),
    'edge-b': take('edge-b', segments[1], stage, uuidv7()),
    async time() {
      // Nobody renews here: each edge sleeps whenever it likes.
      for (let n = 0; n < 3; n++) {
        await stage.pass('time', 'the lease ends');
        await scene.engine.rows(`update batch set lease_until = now() - interval '1 s' where state = 'open' and lease_owner is not null`);
      }
    },
  }));
  const answers: BatchOutcome[] = [];
  for (const name of ['edge-a', 'edge-b']) {
    const result = results[name];
    if (result !== undefined && 'value' in result) answers.push(result.value as BatchOutcome);
  }
  const fates: Fates[] = answers.map((answer) => ({ batchId: answer.batchId, told: toldBy(answer, batch.marks) }));
  return { answers, order, faults: [...(await scene.faults(...fates)), ...(await strays(batch.marks))] };
}

/** Rows of one item that are there more than once, in whatever batch. */
async function strays(marks: readonly string[]): Promise<string[]> {
  return (await scene.engine.rows<{ mark: string }>('select security_id as mark from execution where security_id = any($1) group by 1 having count(*) > 1', [marks])).map(({ mark }) => `${mark} is there twice`);
}

describe('the same key twice at once', () => {
  test('F59 F60 cut otherwise by the second edge, while leases end whenever they like: nothing twice, and both answers true', async () => {
    const seen = new Set<string>();
    await seededOrders(40, 1, async (choose, seed) => {
      const { answers, faults, order } = await twice(choose, { segments: [5, 4] }, `other cut ${seed}`);
      expectNone(faults, order);
      expect(answers).toHaveLength(2);
      seen.add(answers.some((a) => a.replayed) ? 'replayed' : 'taken over');
    });
    expect([...seen].sort()).toEqual(['replayed', 'taken over']);
  });

  test('F60 F17 one slice, which both edges have with ids of their own: each answers with the ids that are there', async () => {
    await seededOrders(40, 2_000, async (choose, seed) => {
      const { faults, order } = await twice(choose, { segments: [10, 10], items: 5 }, `one slice ${seed}`);
      expectNone(faults, order);
    });
  });

  test('F62 F17 with a connection cut anywhere, also between a commit and its answer', async () => {
    await seededOrders(25, 3_000, async (choose, seed) => {
      const { faults, order } = await twice(choose, { segments: [5, 4], cuts: 2 }, `cut ${seed}`);
      expectNone(faults, order);
    });
  });

  test('F59 F60 with an edge or a writer killed anywhere: the other one answers, truly', async () => {
    const died = new Set<string>();
    await seededOrders(40, 4_000, async (choose, seed) => {
      const { answers, faults, order } = await twice(choose, { segments: [5, 4], mortals: ['edge-a', 'writer-a'] }, `killed ${seed}`);
      expectNone(faults, order);
      expect(answers.length).toBeGreaterThan(0);
      for (const step of order) if (step.endsWith('(die)')) died.add(step.split(' ')[0] ?? '');
    });
    expect([...died].sort()).toEqual(['edge-a', 'writer-a']);
  });

  test('at the end rows and ledger agree over all of it, and the law holds', () => scene.expectLaw());
});
