import { randomUUID } from 'node:crypto';
import { kafkaBrokers } from '../../helpers/addresses.ts';
import { createDatabase, type TestDatabase } from '../../helpers/database.ts';
import { alterTopic, createTopic } from '../../helpers/topic-admin.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { LedgerWriter } from './helpers/ledger.ts';
import { relaySettings, startRelay, type TestRelay } from './helpers/relay.ts';
import { TopicReader } from './helpers/topic-reader.ts';

const LONG = { timeoutMs: 40_000 };
let database: TestDatabase;
let ledger: LedgerWriter;
let relay: TestRelay | undefined;
let reader: TopicReader | undefined;

beforeAll(async () => {
  database = await createDatabase();
  ledger = new LedgerWriter(database.url, 32);
});
afterAll(async () => {
  await reader?.close();
  await relay?.stop();
  await ledger.close();
  await database.drop();
});

test('an event that Kafka refuses is a dead letter; those behind it in its batch wait, others go on; its replay goes to the batch\'s key, then the rest in order', async () => {
  const topic = `batches-${randomUUID()}`;
  await createTopic(topic, 3, { 'max.message.bytes': '900' });
  const [one, other] = [randomUUID(), randomUUID()];
  /** An event as COMPLETE_LARGE and its like write it. */
  const tell = (batchId: string, no: number, number: number, text: string) =>
    ledger.pool.query(
      `insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, key, event, payload)
       values ($1::uuid, $3::int - 1, 'event', $4, 'batch', 1, 0, $2, $3::int, 1, 0, 'test', 'waiting', $1::uuid::text, 'CheckpointCreated', jsonb_build_object('number', $3::int, 'text', $5::text))`, [batchId, no, number, `kafka:${topic}`, text]);
  await tell(one, 1, 1, '');
  await tell(one, 1, 2, 'x'.repeat(1_000));
  await tell(one, 1, 3, '');
  await tell(other, 2, 1, '');
  relay = await startRelay(relaySettings(database.url, { kafkaBrokers: kafkaBrokers(), batchesTopic: topic, ordersTopic: `orders-${randomUUID()}`, maxRetries: 1, kafkaPartitions: 3 }));
  reader = await TopicReader.open(kafkaBrokers(), topic);
  /** Numbers as they came first: what went beside the refused one, to another partition, may come again. */
  const seen = (key: string) => [...new Set(reader?.seen.filter((m) => m.key === key).map((m) => (JSON.parse(m.value) as { number: number }).number))];
  const letter = await waitFor(async () => (await ledger.letters()).find((l) => l.state === 'dead'), { ...LONG, what: 'the dead letter' });
  expect(letter).toMatchObject({ record: 1, version: 2, op: 'event', topic, headers: { ce_id: `batch:${one}:2`, ce_type: 'sluice.batch.CheckpointCreated' } });
  await tell(other, 2, 2, '');
  await waitFor(() => seen(other).length === 2, { ...LONG, what: 'the other batch to go on' });
  expect(seen(one)).toEqual([1]);

  await alterTopic(topic, { 'max.message.bytes': '100000' });
  await ledger.replay(`kafka:${topic}`, { kind: 'batch' });
  await waitFor(() => seen(one).length === 3, { ...LONG, what: 'the replayed event, and the one behind it' });
  expect([seen(one), seen(other)]).toEqual([[1, 2, 3], [1, 2]]);
  expect(new Set(reader.seen.filter((m) => m.key === one).map((m) => m.partition)).size).toBe(1);
  await waitFor(async () => (await ledger.letters())[0]?.state === 'delivered', { ...LONG, what: 'the letter to be closed' });
  expect(await ledger.breaches()).toEqual([]);
});
