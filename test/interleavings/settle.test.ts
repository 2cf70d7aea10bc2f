import { reap } from '../../services/batcher/reaper.ts';
import { readLedger, settle, type LedgerAnswer } from '../../services/batcher/settle.ts';
import type { SliceOutcome } from '../../shared/contracts/slices.ts';
import type { Told } from '../helpers/check-truth.ts';
import { chunkOf } from '../helpers/engine.ts';
import { everyOrder, seededOrders } from './helpers/orders.ts';
import { expectNone, newBatch, openScene, type Scene } from './helpers/scene.ts';
import type { Gates, Results, Stage } from './helpers/stage.ts';

const ITEMS = 8;
/** A row that only PostgreSQL refuses, so that its slice is isolated. */
const BAD = 5;
const FLUSH: Gates = { 'insert into ledger': ['before', 'within', 'after'] };
/** Where a writer stops that isolates a row: the batch's row is made, a slice is opened and counted, the batch closed again. */
const ISOLATE: Gates = { "'open', requested, received_at::timestamptz": ['before', 'after'], 'select held.id, $3': ['before', 'after'], 'update ledger set written': ['after'], commit: ['before'], 'epoch = 0 and state': ['before'] };
const SETTLE: Gates = { 'on conflict (id) do update set epoch': ['before', 'within', 'after'] };
const REAP: Gates = { 'select id from batch': ['after'], 'lease_until is null or lease_until <= now()': ['before', 'within'] };

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(['writer', 'other', 'edge', 'second', 'reaper']);
});
afterAll(() => scene.close());

type Batch = ReturnType<typeof newBatch>;

const settleAt = (name: string, stage: Stage, { batchId }: Batch): Promise<LedgerAnswer | undefined> =>
  settle(scene.actor(name).pool, { batchId, kind: 'execution', client: 'anonymous', requested: ITEMS, receivedAt: new Date().toISOString() }, 15_000, 12_000, stage.clockOf(name), () => undefined);

const reapAt = (name: string): Promise<void> =>
  reap({ pool: scene.actor(name).pool, owner: name, inWork: new Set(), leaseMs: 15_000, idempotencyHours: 24, commandHours: 24, statementTimeoutMs: 12_000, onSettle: () => undefined });

function valueOf<T>(results: Results, actor: string): T {
  const result = results[actor];
  if (result === undefined || 'error' in result) throw new Error(`${actor} failed`, { cause: result?.error });
  return result.value as T;
}

function toldBy({ ids, missing, rejects }: LedgerAnswer, marks: readonly string[]): Told[] {
  const [lost, refused] = [new Set(missing), new Set(rejects.map(([index]) => index))];
  return marks.map((mark, i): Told => (lost.has(i) ? { mark, fate: 'withdrawn' } : refused.has(i) ? { mark, fate: 'refused' } : { mark, fate: 'stored', id: ids[i] ?? 0 }));
}

/** A chunk of a batch cut in two; with `bad`, one of its rows is refused by PostgreSQL. */
function chunk(batch: Batch, { sole, bad = false }: { sole: boolean; bad?: boolean }) {
  const rows = batch.rows.map((row, i) => (bad && i === BAD ? { ...row, quantity: '1e30' } : row));
  return chunkOf('execution', ([[0, 4], [4, ITEMS]] as const).map(([from, to]) => ({ batchId: batch.batchId, sole, requested: ITEMS, firstIndex: from, firstId: batch.ids(), rows: rows.slice(from, to) })));
}

/** Two who settle say the same, which is what the ledger holds for good; writers hear nothing else. */
async function faultsOf(batch: Batch, answers: readonly LedgerAnswer[], ...written: readonly SliceOutcome[][]): Promise<string[]> {
  const last = await readLedger(scene.engine.pool, batch.batchId, ITEMS, 12_000);
  const faults = await scene.faults({ batchId: batch.batchId, told: toldBy(last, batch.marks) });
  for (const answer of answers) {
    if (JSON.stringify(answer) !== JSON.stringify(last)) faults.push(`told ${JSON.stringify(answer)}, and it came to ${JSON.stringify(last)}`);
  }
  for (const outcomes of written) for (const [no, { outcome }] of outcomes.entries()) if ((outcome === 'fenced') !== last.missing.includes(4 * no)) faults.push(`slice ${no} was told ${outcome}, items ${last.missing.join()} are missing`);
  return faults;
}

describe('F63 F17 a batch that several settle at once', () => {
  test.each([['a sole batch', true], ['an open batch', false]])('%s, by two edges, while its flush is under way: both tell the same, in every order', async (_, sole) => {
    const seen = new Set<string>();
    const played = await everyOrder(400, async (choose) => {
      const batch = newBatch(ITEMS);
      if (!sole) await scene.engine.open(batch.batchId, ITEMS);
      const { results, order } = await scene.play(choose, { gates: { writer: { 'insert into ledger': ['before', 'within'] }, edge: { 'on conflict (id) do update set epoch': ['before', 'within'] }, second: { 'on conflict (id) do update set epoch': ['before', 'within'] } } }, (stage) => ({
        writer: () => scene.actor('writer').write(chunk(batch, { sole })),
        edge: () => settleAt('edge', stage, batch),
        second: () => settleAt('second', stage, batch),
      }));
      const answers = ['edge', 'second'].map((name) => valueOf<LedgerAnswer>(results, name));
      seen.add(`${answers[0]?.missing.length} withdrawn`);
      expectNone(await faultsOf(batch, answers, valueOf<SliceOutcome[]>(results, 'writer')), order);
    });
    expect(played).toBeGreaterThan(30);
    expect([...seen].sort()).toEqual(['0 withdrawn', `${ITEMS} withdrawn`]);
  });

  test('at its deadline, by the reaper once its lease is over, and a flush that comes late, also from a second writer: in 40 seeded orders', async () => {
    const seen = new Set<number>();
    await seededOrders(40, 1, async (choose) => {
      const batch = newBatch(ITEMS);
      await scene.engine.open(batch.batchId, ITEMS);
      const whole = chunk(batch, { sole: false });
      const { results, order } = await scene.play(choose, { gates: { writer: FLUSH, other: FLUSH, edge: SETTLE, reaper: REAP } }, (stage) => ({
        writer: () => scene.actor('writer').write(whole),
        other: () => scene.actor('other').write(whole),
        edge: () => settleAt('edge', stage, batch),
        async reaper() {
          await stage.pass('reaper', 'the lease ends');
          await scene.engine.rows(`update batch set lease_until = now() - interval '1 s' where id = $1 and state = 'open'`, [batch.batchId]);
          await reapAt('reaper');
        },
      }));
      const answer = valueOf<LedgerAnswer>(results, 'edge');
      seen.add(answer.missing.length);
      expectNone(await faultsOf(batch, [answer], valueOf(results, 'writer'), valueOf(results, 'other')), order);
    });
    expect([...seen].sort((a, b) => a - b)).toEqual([0, ITEMS]);
  });

  test.each([['a sole batch', true], ['an open batch', false]])('%s whose writer looks for a row that PostgreSQL refuses, slice by slice: what is told is what is there for good, in 40 seeded orders', async (_, sole) => {
    const seen = new Set<number>();
    await seededOrders(40, 2_000, async (choose, seed) => {
      const batch = newBatch(ITEMS);
      if (!sole) await scene.engine.open(batch.batchId, ITEMS);
      const { results, order } = await scene.play(choose, { gates: { writer: { ...ISOLATE, 'insert into ledger': ['before', 'after'] }, edge: SETTLE, reaper: REAP } }, (stage) => ({
        writer: () => scene.actor('writer').write(chunk(batch, { sole, bad: true })),
        async edge() {
          for (let n = 0; n < (seed % 3) * 12; n++) await stage.pass('edge', 'has time left');
          return settleAt('edge', stage, batch);
        },
        async reaper() {
          for (let n = 0; n <= (seed % 3) * 12; n++) await stage.pass('reaper', 'the lease ends');
          await scene.engine.rows(`update batch set lease_until = now() - interval '1 s' where id = $1 and state = 'open'`, [batch.batchId]);
          await reapAt('reaper');
        },
      }));
      const answer = valueOf<LedgerAnswer>(results, 'edge');
      seen.add(answer.missing.length);
      expectNone(await faultsOf(batch, [answer], valueOf(results, 'writer')), order);
    });
    // Settled before, in the middle, and after.
    expect([...seen].sort((a, b) => a - b)).toEqual([0, 4, ITEMS]);
  });

  test('at the end rows and ledger agree over all of it, and the law holds', () => scene.expectLaw());
});
