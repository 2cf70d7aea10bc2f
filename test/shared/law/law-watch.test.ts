import { LawWatch } from '../../../shared/law/law-watch.ts';
import { lawOf } from '../../../shared/law/laws.ts';
import { firstUuidAt } from '../../../shared/db/ledger-partitions.ts';
import { chunkOf, executionValues, startEngine, type Engine } from '../../helpers/engine.ts';

let engine: Engine;
const DAY = 86_400_000;
/** Old batches of 10, a day apart, each in a block of its own; none of them is new. */
const OLD = Array.from({ length: 8 }, (_, i) => firstUuidAt(new Date(Date.UTC(2026, 0, 1) + i * DAY)));

beforeAll(async () => {
  engine = await startEngine();
  for (const [i, batchId] of OLD.entries()) await write(batchId, 1_024 * (i + 1));
});
afterAll(() => engine.close());

const write = (batchId: string, firstId: number) => engine.write(chunkOf('execution', [{ batchId, firstId, rows: Array.from({ length: 10 }, (_, i) => executionValues(firstId + i)) }]));
/** Three ledger rows and two blocks of ids a piece, one piece a round. */
const watchOf = () => new LawWatch({ pool: engine.pool, tables: [{ kind: 'execution', table: 'execution', idColumn: 'id' }], timeoutMs: 30_000, passMs: 0, newMs: 0, pieceRows: 3, pieceIds: 2_048, now: () => performance.now() });
/** Rounds until so many whole passes are over. */
async function pass(watch: LawWatch, passes = 1) {
  let state = await watch.round();
  for (let rounds = 1; state.passes < passes; rounds++) {
    if (rounds > 50) throw new Error('the pass never ends');
    state = await watch.round();
  }
  return state;
}

test('a pass goes over everything in small pieces, and finds nothing wrong where nothing is', async () => {
  const watch = watchOf();
  expect((await watch.round()).passes).toBe(0);
  expect(await pass(watch)).toMatchObject({ breaches: [], passes: 1 });
});

test('what is new is looked at in the first round, whatever the pass is at', async () => {
  const fresh = firstUuidAt(new Date());
  await write(fresh, 1_024 * 20);
  const watch = watchOf();
  await watch.round();
  await engine.rows('delete from execution where id = 20483');
  expect((await watch.round()).breaches).toEqual([{ what: 'row-missing', where: { kind: 'execution', id: 20_483, batchId: fresh }, expected: 1, found: 0 }]);
  await engine.rows(`insert into execution select (jsonb_populate_record(e, '{"id": 20483}')).* from execution e where id = 20482`);
  expect((await watch.round()).breaches).toEqual([]);
});

test.each([
  ['a row lost', 'create table kept as select * from execution where id = 6149; delete from execution where id = 6149', 'insert into execution select * from kept; drop table kept', 'row-missing', 'rows'],
  ['a row that nobody wrote, far beyond', `insert into execution select (jsonb_populate_record(e, '{"id": 5000000}')).* from execution e where id = 1030`, 'delete from execution where id = 5000000', 'row-unexplained', 'rows'],
  ['a count that was altered', `update ledger set delivered = 4 where batch_id = '${OLD[3]}'`, `update ledger set delivered = 0 where batch_id = '${OLD[3]}'`, 'acks-differ', 'delivery'],
  ['a batch that vanished', `create table kept as select * from batch where id = '${OLD[6]}'; delete from batch where id = '${OLD[6]}'`, 'insert into batch select * from kept; drop table kept', 'ledger-without-batch', 'items'],
])('a whole pass finds %s in what is old; mended, it is gone in the next round', async (_, plant, undo, what, law) => {
  const watch = watchOf();
  await engine.rows(plant);
  try {
    expect((await pass(watch)).breaches.map((b) => b.what)).toContain(what);
    expect((await watch.round()).breaches.map((b) => b.what)).toContain(what);
  } finally {
    await engine.rows(undo);
  }
  expect(lawOf(what)).toBe(law);
  expect((await watch.round()).breaches).toEqual([]);
});

test('PostgreSQL away for a round: what is known stays known', async () => {
  let broken = false;
  const pool = new Proxy(engine.pool, { get: (target, name) => (name === 'connect' && broken ? () => Promise.reject(new Error('away')) : (Reflect.get(target, name) as unknown)) });
  const watch = new LawWatch({ pool, tables: [{ kind: 'execution', table: 'execution', idColumn: 'id' }], timeoutMs: 30_000, passMs: 10_000, newMs: 0, pieceRows: 100, pieceIds: 1_048_576, now: () => performance.now() });
  await engine.rows(`update ledger set shard = 30 where batch_id = '${OLD[0]}'`);
  expect((await watch.round()).breaches).toHaveLength(1);
  broken = true;
  await expect(watch.round()).rejects.toThrow('away');
  broken = false;
  expect((await watch.round()).breaches).toHaveLength(1);
  await engine.rows(`update ledger set shard = 1 where batch_id = '${OLD[0]}'`);
  expect((await watch.round()).breaches).toEqual([]);
});
