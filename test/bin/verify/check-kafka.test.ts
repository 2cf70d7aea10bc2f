import { checkKafka, type KafkaCheck } from '../../../bin/verify/check-kafka.ts';
import { firstUuidAt } from '../../../shared/db/ledger-partitions.ts';
import { shardOf } from '../../../shared/records/shard.ts';
import { kafkaBrokers } from '../../helpers/addresses.ts';
import { startEngine, type Engine } from '../../helpers/engine.ts';
import { startPretendRelay, type PretendRelay } from './pretend-relay.ts';

let engine: Engine;
let relay: PretendRelay;
let batches = 0;

beforeAll(async () => {
  engine = await startEngine();
  await engine.rows(`insert into id_block values ('execution', 100)`);
});
afterAll(() => engine.close());
beforeEach(async () => {
  await engine.rows('truncate ledger, dead_letter');
  relay = await startPretendRelay();
});
afterEach(() => relay.stop());

interface Row {
  firstId: number;
  span?: number;
  op?: 'insert' | 'update' | 'replay';
  version?: number;
  state?: 'done' | 'waiting';
  delivered?: number;
  superseded?: number;
  dead?: number;
  acks: object | null;
  rejects?: number[];
}

/** A ledger row as the relay leaves it; answers its batch. */
async function owe({ firstId, span = 1, op = 'insert', version = 1, state = 'done', superseded = 0, dead = 0, acks, rejects = [], delivered = state === 'done' ? span - rejects.length - superseded - dead : 0 }: Row): Promise<string> {
  const batchId = firstUuidAt(new Date(Date.UTC(2026, 10, 1) + ++batches));
  await engine.rows(
    `insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, rejects, node, state, delivered, superseded, dead, acks, sent_at)
     values ($1, 0, $2, $3, 'execution', $4::int, $5, $6, $7, $4::int - $8::int, $8::int, $9, 'n', $10::text, $11, $12, $13, $14, case when $10::text = 'done' then now() end)`,
    [batchId, op, relay.sink, span, shardOf(firstId, 32), firstId, version, rejects.length, rejects.length === 0 ? null : JSON.stringify(rejects.map((i) => [i, 'c', '', ''])), state, delivered, superseded, dead, acks]);
  return batchId;
}

const range = (from: number, count: number, but: number[] = []) => Array.from({ length: count }, (_, i) => ({ id: from + i })).filter(({ id }) => !but.includes(id));
const check = (batchId: string | null = null): Promise<KafkaCheck> => checkKafka({ postgresUrl: engine.url, kafkaBrokers: kafkaBrokers(), topics: [relay.topic], scope: { batchId, fromBatchId: null }, most: 100, onProgress: () => undefined });
const breaches = async () => (await check()).breaches;

/** A slice of 60 with a refused item, another of 5, and a second version of one record. */
async function good(): Promise<{ slice: string; small: string; update: string; acks: Record<string, number> }> {
  const acks = await relay.send(range(2_000, 60, [2_007]));
  const slice = await owe({ firstId: 2_000, span: 60, rejects: [7], acks });
  const small = await owe({ firstId: 3_000, span: 5, acks: await relay.send(range(3_000, 5)) });
  const update = await owe({ firstId: 2_003, op: 'update', version: 2, acks: await relay.send([{ id: 2_003, version: 2 }]) });
  return { slice, small, update, acks };
}

test('every message where its ledger row says: nothing to tell', async () => {
  await good();
  expect(await check()).toEqual({ topics: { [relay.topic]: { messages: 65, records: 64, duplicates: 0, missing: 0, unknown: 0, expired: 0 } }, breaches: [], more: false });
});

test('no false alarm: repeats, superseded messages, half-sent slices, dead letters and their replays', async () => {
  const { acks: _ } = await good();
  await relay.send(range(3_000, 5)); // sent, the answer lost, and sent again
  await owe({ firstId: 4_000, span: 5, acks: await relay.send(range(4_000, 5)), state: 'waiting', delivered: 5 });
  await owe({ firstId: 5_000, span: 4, acks: { ...(await relay.send(range(5_000, 4, [5_001]))) }, superseded: 1 });
  await owe({ firstId: 5_001, op: 'update', version: 2, acks: await relay.send([{ id: 5_001, version: 2 }]) });
  const slice = await owe({ firstId: 6_000, span: 4, acks: await relay.send(range(6_000, 4, [6_001, 6_002])), dead: 2 });
  for (const id of [6_001, 6_002]) await engine.rows(`insert into dead_letter (sink, shard, kind, record_id, version, batch_id, first_index, op, payload, code, class, reason, fingerprint, attempts, tries, first_failed_at, last_failed_at) values ('${relay.sink}', 5, 'execution', ${id}, 1, '${slice}', 0, 'insert', '{}', 'c', 'message', 'r', 'f', 1, '[]', now(), now())`);
  await owe({ firstId: 6_002, op: 'replay', acks: await relay.send([{ id: 6_002 }]) });
  await owe({ firstId: 7_000, span: 50, acks: null, state: 'waiting' });
  await relay.send(range(7_000, 20)); // under way
  expect(await check()).toMatchObject({ breaches: [], topics: { [relay.topic]: { duplicates: 5, missing: 0, unknown: 0 } } });
});

test('a message is missing that the ledger calls delivered: named with batch, index, record and partition', async () => {
  await good();
  const acks = await relay.send(range(8_000, 30, [8_011]));
  const batchId = await owe({ firstId: 8_000, span: 30, acks });
  expect(await breaches()).toEqual([{ what: 'message-missing', where: { kind: 'execution', batchId, firstIndex: 0, sink: relay.sink, id: 8_011, partition: expect.any(Number) as number }, expected: 1, found: 0 }]);
});

test('messages of nobody and versions from the future are named with partition and offset', async () => {
  await good();
  await relay.send([{ id: 9_000 }]);
  await relay.send([{ id: 3_001, version: 4 }]);
  await relay.send([{ id: 800_000 }]);
  await relay.raw({ key: 'x', value: 'hello' });
  const place = { topic: relay.topic, partition: expect.any(Number) as number, offset: expect.any(Number) as number };
  const found = await breaches();
  expect(found).toHaveLength(4);
  expect(found).toEqual(expect.arrayContaining([
    { what: 'message-unknown', where: { ...place, kind: 'execution', id: 9_000 }, expected: 0, found: 1 },
    { what: 'version-unknown', where: { ...place, kind: 'execution', id: 3_001 }, expected: 1, found: 4 },
    { what: 'message-unknown', where: { ...place, kind: 'execution', id: 800_000 }, expected: 0, found: 1 },
    { what: 'message-unreadable', where: place, expected: 0, found: 1 },
  ]));
});

test('an older version after a newer one is named with its place', async () => {
  await good();
  const acks = await relay.send([{ id: 2_003, version: 1 }]);
  const [[partition = '', offset = 0] = []] = Object.entries(acks);
  expect(await breaches()).toEqual([{ what: 'version-back', where: { topic: relay.topic, partition: Number(partition), offset, kind: 'execution', id: 2_003 }, expected: 2, found: 1 }]);
});

test.each([['one further', 1], ['far behind the topic\'s end', 1_000_000]])('an acknowledged offset that was altered is named: %s', async (_, by) => {
  const { slice, acks } = await good();
  const base = (acks[1] ?? 0) + by;
  await engine.rows(`update ledger set acks = jsonb_set(acks, '{1}', $2) where batch_id = $1`, [slice, base]);
  const found = await breaches();
  expect(found).toEqual([{ what: 'message-elsewhere', where: { kind: 'execution', batchId: slice, firstIndex: 0, topic: relay.topic, partition: 1, offset: base }, expected: expect.any(Number) as number, found: expect.any(Number) as number }]);
});

test('a slice that takes another\'s offsets for its own is named', async () => {
  const { acks } = await good();
  const batchId = await owe({ firstId: 8_000, span: 3, acks: { 0: acks[0] } });
  expect((await breaches()).map((b) => [b.what, b.where.batchId])).toEqual(expect.arrayContaining([['offset-claimed-twice', expect.any(String)], ['message-missing', batchId]]));
});

test('a topic that is gone lacks everything', async () => {
  const { slice, small, update } = await good();
  const topics = [`${relay.topic}-gone`];
  await engine.rows(`update ledger set sink = $1`, [`kafka:${topics[0]}`]);
  const found = await checkKafka({ postgresUrl: engine.url, kafkaBrokers: kafkaBrokers(), topics, scope: { batchId: null, fromBatchId: null }, most: 1_000, onProgress: () => undefined });
  expect(new Set(found.breaches.map((b) => b.where.batchId))).toEqual(new Set([slice, small, update]));
});

test('one batch is compared alone', async () => {
  const { slice, small } = await good();
  await engine.rows(`update ledger set acks = '{"0": 500}' where batch_id = $1`, [slice]);
  expect((await check(small)).breaches).toEqual([]);
  expect((await check(slice)).breaches.length).toBeGreaterThan(0);
});
