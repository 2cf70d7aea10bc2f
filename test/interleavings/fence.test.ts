import { readLedger, settle, type LedgerAnswer } from '../../services/batcher/settle.ts';
import { TAKE_OVER } from '../../shared/db/queries/batches.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import type { SliceOutcome } from '../../shared/contracts/slices.ts';
import type { Told } from '../helpers/check-truth.ts';
import { chunkOf } from '../helpers/engine.ts';
import { everyOrder, seededOrders } from './helpers/orders.ts';
import { newBatch, openScene, type Scene } from './helpers/scene.ts';
import type { Gates, Results, Stage } from './helpers/stage.ts';

const ITEMS = 12;
const FLUSH: Gates = { 'insert into ledger': ['before', 'within', 'after'] };
/** The second look of a flush, into the ledger. */
const LOOK_UP: Gates = { 'with ordinality as s(batch_id, first_index, span, first_id, no)': ['before'] };
const SETTLE: Gates = { 'on conflict (id) do update set epoch': ['before', 'within', 'after'] };
const TAKE: Gates = { 'update batch set epoch': ['before', 'within', 'after'], 'insert into ledger': ['before', 'after'] };

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(['first', 'second', 'edge']);
});
afterAll(() => scene.close());

/** The value that an actor came to. */
function valueOf<T>(results: Results, actor: string): T {
  const result = results[actor];
  if (result === undefined || 'error' in result) throw new Error(`${actor} failed`, { cause: result?.error });
  return result.value as T;
}

/** What an answer from the ledger tells of each item. */
function toldBy(answer: LedgerAnswer, marks: readonly string[]): Told[] {
  const lost = new Set(answer.missing);
  return marks.map((mark, i) => (lost.has(i) ? { mark, fate: 'withdrawn' } : { mark, fate: 'stored', id: answer.ids[i] ?? 0 }));
}

type Batch = ReturnType<typeof newBatch>;

/** Slices of a batch from `cuts[n]` up to `cuts[n + 1]`, each with ids of its own. */
function chunk(batch: Batch, cuts: readonly number[], over: { epoch?: number; sole?: boolean } = {}) {
  return chunkOf('execution', cuts.slice(0, -1).map((from, n) => ({ batchId: batch.batchId, sole: false, requested: ITEMS, firstIndex: from, firstId: batch.ids(), rows: batch.rows.slice(from, cuts[n + 1]), ...over })));
}

const settleNow = (stage: Stage, { batchId }: Batch) =>
  settle(scene.actor('edge').pool, { batchId, kind: 'execution', client: 'anonymous', requested: ITEMS, receivedAt: new Date().toISOString() }, 15_000, 12_000, stage.clockOf('edge'), () => undefined);

/** Takes a batch over, reads what is there, and writes the rest, cut into slices of five. */
async function takeOver(batch: Batch): Promise<LedgerAnswer> {
  const second = scene.actor('second');
  const [taken] = await runStatement(second.pool, TAKE_OVER, [batch.batchId, 0, 'second', 15_000], 12_000);
  const answer = await readLedger(second.pool, batch.batchId, ITEMS, 12_000);
  const runs = answer.missing.filter((index) => index === 0 || !answer.missing.includes(index - 1)).map((from) => {
    let to = from;
    while (answer.missing.includes(to)) to++;
    return [from, to] as const;
  });
  for (const [from, to] of runs) {
    const cuts = [...Array.from({ length: Math.ceil((to - from) / 5) }, (_, n) => from + n * 5), to];
    const rest = chunk(batch, cuts, { epoch: Number(taken?.[0]) });
    const outcomes = await second.write(rest);
    for (const [no, slice] of rest.slices.entries()) {
      expect(outcomes[no]?.outcome).toBe('written');
      for (let i = 0; i < slice.span; i++) answer.ids[slice.firstIndex + i] = slice.firstId + i;
    }
  }
  return { ...answer, missing: [] };
}

describe('F60 F59 the fence', () => {
  test('a batch is taken over and cut otherwise while its first owner\'s flush comes when it likes: whatever the order, each item is written once', async () => {
    const outcomes = new Set<string>();
    const played = await everyOrder(200, async (choose) => {
      const batch = newBatch(ITEMS);
      await scene.engine.open(batch.batchId, ITEMS);
      const old = chunk(batch, [0, 4, 8, ITEMS]);
      const { results } = await scene.play(choose, { gates: { first: { ...FLUSH, ...LOOK_UP }, second: TAKE } }, () => ({ first: () => scene.actor('first').write(old), second: () => takeOver(batch) }));
      const first = valueOf<SliceOutcome[]>(results, 'first').map((o) => o.outcome);
      outcomes.add(first.join());
      const told = toldBy(valueOf(results, 'second'), batch.marks);
      expect(await scene.faults({ batchId: batch.batchId, told })).toEqual([]);
    });
    expect(played).toBeGreaterThan(20);
    // Both ends of the story were played, and nothing in between: a flush is whole or not at all.
    expect([...outcomes].sort()).toEqual(['fenced,fenced,fenced', 'written,written,written']);
  });

  test.each([['a sole batch', true], ['an open batch', false]])('F63 F17 settling %s while its flush is sent, runs, or has been committed: what is told withdrawn is never written', async (_, sole) => {
    const told = new Set<string>();
    const played = await everyOrder(200, async (choose) => {
      const batch = newBatch(ITEMS);
      if (!sole) await scene.engine.open(batch.batchId, ITEMS);
      const whole = chunk(batch, [0, 7, ITEMS], { sole });
      const { results } = await scene.play(choose, { gates: { first: FLUSH, edge: SETTLE } }, (stage) => ({ first: () => scene.actor('first').write(whole), edge: () => settleNow(stage, batch) }));
      const answer = valueOf<LedgerAnswer>(results, 'edge');
      told.add(`${answer.missing.length} withdrawn`);
      expect(valueOf<SliceOutcome[]>(results, 'first').every((o) => o.outcome === (answer.missing.length > 0 ? 'fenced' : 'written'))).toBe(true);
      expect(await scene.faults({ batchId: batch.batchId, told: toldBy(answer, batch.marks) })).toEqual([]);
    });
    expect(played).toBeGreaterThan(10);
    expect([...told].sort()).toEqual(['0 withdrawn', `${ITEMS} withdrawn`]);
  });

  test('F63 settling against two running flushes and a repeat of one of them: the answer is what is there at the end, in 60 seeded orders', async () => {
    const told = new Set<number>();
    await seededOrders(60, 1, async (choose) => {
      const batch = newBatch(ITEMS);
      await scene.engine.open(batch.batchId, ITEMS);
      const [left, right] = [chunk(batch, [0, 6]), chunk(batch, [6, 9, ITEMS])];
      const { results } = await scene.play(choose, { gates: { first: FLUSH, second: FLUSH, edge: SETTLE } }, (stage) => ({
        first: () => scene.actor('first').write(left),
        second: async () => [await scene.actor('second').write(right), await scene.actor('second').write(left)],
        edge: () => settleNow(stage, batch),
      }));
      const answer = valueOf<LedgerAnswer>(results, 'edge');
      told.add(answer.missing.length);
      expect(await scene.faults({ batchId: batch.batchId, told: toldBy(answer, batch.marks) })).toEqual([]);
    });
    expect([...told].sort((a, b) => a - b)).toEqual([0, 6, ITEMS]);
  });

  test('F62 the same, with two connections cut anywhere, also between a commit and its answer: nothing twice, and every answer true', async () => {
    await seededOrders(30, 1_000, async (choose) => {
      const batch = newBatch(ITEMS);
      await scene.engine.open(batch.batchId, ITEMS);
      const [left, right] = [chunk(batch, [0, 6]), chunk(batch, [6, 9, ITEMS])];
      const { results } = await scene.play(choose, { gates: { first: FLUSH, second: FLUSH, edge: SETTLE }, cuts: 2 }, (stage) => ({ first: () => scene.actor('first').write(left), second: () => scene.actor('second').write(right), edge: () => settleNow(stage, batch) }));
      const answer = valueOf<LedgerAnswer>(results, 'edge');
      for (const [actor, { slices }] of [['first', left], ['second', right]] as const) {
        const outcomes = valueOf<SliceOutcome[]>(results, actor);
        expect(outcomes.map((o, no) => (answer.missing.includes(slices[no]?.firstIndex ?? 0) ? o.outcome === 'fenced' : o.outcome !== 'fenced'))).toEqual(outcomes.map(() => true));
      }
      expect(await scene.faults({ batchId: batch.batchId, told: toldBy(answer, batch.marks) })).toEqual([]);
    });
  });

  test('at the end rows and ledger agree over all of it, and the law holds', () => scene.expectLaw());
});
