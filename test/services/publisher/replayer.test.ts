import { v7 as uuidv7 } from 'uuid';
import { replayPace } from '../../../services/publisher/replayer.ts';
import { RELEASE_LETTERS, RUNNING_REPLAYS } from '../../../shared/db/queries/dead-letter-replay.ts';
import { createDatabase, type TestDatabase } from '../../helpers/database.ts';
import { LedgerWriter } from './helpers/ledger.ts';

const SINK = 'kafka:orders';
const LEASE_MS = 10_000;

let database: TestDatabase;
let ledger: LedgerWriter;

beforeEach(async () => {
  database = await createDatabase();
  ledger = new LedgerWriter(database.url, 32);
});
afterEach(async () => {
  await ledger.close();
  await database.drop();
});

/** Dead letters of the records 1 to `count`. */
const deadLetters = (count: number) =>
  ledger.pool.query(
    `insert into dead_letter (sink, shard, kind, record_id, version, batch_id, first_index, op, payload, code, class, reason, fingerprint, attempts, tries, first_failed_at, last_failed_at)
     select $1, 0, 'execution', id, 1, $2, 0, 'insert', '{}', case when id % 2 = 0 then 'MESSAGE_TOO_LARGE' else 'INVALID_RECORD' end, 'message', '', 'f' || id % 2, 1, '[]', now(), now() from generate_series(1, $3::int) id`, [SINK, uuidv7(), count]);
/** One release by a relay; what it answers: released now, and the replay's state. */
const release = async (id: string, { node = 'relay-a', letters = 3, paceMs = 0 } = {}) =>
  (await ledger.pool.query<[number, string]>({ text: RELEASE_LETTERS.text, values: [id, node, LEASE_MS, letters, paceMs], rowMode: 'array' })).rows[0];
const owed = async () => (await ledger.pool.query<{ batch_id: string; first_index: number; first_id: string; op: string }>('select batch_id, first_index, first_id, op from ledger order by id')).rows;
const states = async () => (await ledger.pool.query<{ state: string }>('select state from dead_letter order by id')).rows.map((r) => r.state);

test('F39 the pace of a replay is never above its rate in any second, and comes close to it', () => {
  for (let rate = 1; rate <= 5_000; rate++) {
    const { letters, everyMs } = replayPace(rate);
    const mostInASecond = letters * Math.ceil(1_000 / everyMs);
    expect({ rate, within: mostInASecond <= rate }).toEqual({ rate, within: true });
    expect({ rate, close: (letters * 1_000) / everyMs >= rate * 0.75 }).toEqual({ rate, close: true });
  }
});

test('letters are released in the order of their ids, a few at a time; until all are settled the replay runs, then it is done', async () => {
  await deadLetters(5);
  const id = await ledger.replay(SINK, {});
  await expect(release(id)).resolves.toEqual([3, 'running']);
  await expect(release(id, { paceMs: 3_600_000 })).resolves.toEqual([0, 'running']);
  await expect(release(id)).resolves.toEqual([2, 'running']);
  await expect(release(id)).resolves.toEqual([0, 'running']);
  expect(await owed()).toEqual([1, 2, 3, 4, 5].map((record, i) => ({ batch_id: id, first_index: i, first_id: String(record), op: 'replay' })));
  expect(await ledger.breaches()).toEqual([]);
  await ledger.pool.query(`update dead_letter set state = 'delivered'`);
  await expect(release(id)).resolves.toEqual([0, 'done']);
  await expect(release(id)).resolves.toBeUndefined();
  expect(await ledger.replayState(id)).toEqual({ state: 'done', released: 5 });
});

test('a filter chooses by id, fingerprint, kind, code and time; what died after the replay was asked for is left', async () => {
  await deadLetters(4);
  await expect(release(await ledger.replay(SINK, { kind: 'note' }))).resolves.toEqual([0, 'done']);
  await expect(release(await ledger.replay(SINK, { until: '2000-01-01T00:00:00Z' }))).resolves.toEqual([0, 'done']);
  await release(await ledger.replay(SINK, { ids: [3] }));
  expect(await states()).toEqual(['dead', 'dead', 'replaying', 'dead']);
  await release(await ledger.replay(SINK, { code: 'MESSAGE_TOO_LARGE', fingerprint: 'f0', since: '2000-01-01T00:00:00Z' }));
  expect(await states()).toEqual(['dead', 'replaying', 'replaying', 'replaying']);
  await ledger.pool.query(`update dead_letter set state = 'dead'`);
  await release(await ledger.replay(SINK, { fingerprint: 'f1' }));
  expect(await states()).toEqual(['replaying', 'dead', 'replaying', 'dead']);
  await ledger.pool.query(`update dead_letter set state = case when id = 1 then 'dead' else 'discarded' end`);
  const late = await ledger.replay(SINK, {});
  await ledger.pool.query(`update dead_letter set last_failed_at = now() + interval '1 s' where id = 1`);
  await expect(release(late)).resolves.toEqual([0, 'done']);
});

test('two replays of the same letters at once release each of them once', async () => {
  await deadLetters(200);
  const replays = await Promise.all([ledger.replay(SINK, {}), ledger.replay(SINK, { code: 'MESSAGE_TOO_LARGE' }), ledger.replay(SINK, {})]);
  for (let round = 0; round < 8; round++) await Promise.all(replays.map((id) => release(id, { letters: 40 })));
  const rows = await owed();
  expect(rows).toHaveLength(200);
  expect(new Set(rows.map((r) => r.first_id)).size).toBe(200);
  expect(await ledger.breaches()).toEqual([]);
});

test('one relay at a time carries a replay out; another goes on where it stood when its lease is over', async () => {
  await deadLetters(5);
  const id = await ledger.replay(SINK, {});
  await release(id);
  await expect(release(id, { node: 'relay-b' })).resolves.toBeUndefined();
  const running = async (node: string) => (await ledger.pool.query({ text: RUNNING_REPLAYS.text, values: [SINK, node, LEASE_MS] })).rowCount;
  expect([await running('relay-a'), await running('relay-b')]).toEqual([1, 0]);
  await ledger.pool.query(`update replay set lease_until = now() - interval '1 s'`);
  await expect(release(id, { node: 'relay-b' })).resolves.toEqual([2, 'running']);
  await ledger.pool.query(`update replay set lease_until = now() + interval '1 hour'`);
  await expect(release(id)).resolves.toEqual([0, 'running']);
});

test('a replay that was stopped releases nothing more', async () => {
  await deadLetters(5);
  const id = await ledger.replay(SINK, {});
  await release(id);
  await ledger.pool.query(`update replay set state = 'stopped', ended_at = now()`);
  await expect(release(id)).resolves.toBeUndefined();
  expect(await states()).toEqual(['replaying', 'replaying', 'replaying', 'dead', 'dead']);
});
