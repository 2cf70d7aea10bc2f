import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type Producer } from 'kafkajs';
import { writeRunRecord } from '../../../bin/up/run-file.ts';
import type { Checked } from '../../../bin/verify/report-text.ts';
import { partitionOfKey } from '../../../shared/delivery/murmur2.ts';
import { identify } from '../../../shared/runtime/servers/process-identity.ts';
import { kafkaBrokers } from '../../helpers/addresses.ts';
import { execution } from '../../helpers/executions.ts';
import { query } from '../../helpers/query.ts';
import { startSystem, type TestSystem } from '../../helpers/system.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { runSluice, type Ran } from '../run-sluice.ts';

interface Stored {
  batchId: string;
  ids: number[];
}

let system: TestSystem;
let producer: Producer;
let sent: Stored;

beforeAll(async () => {
  system = await startSystem({ writers: 1, relays: 1 });
  producer = new kafkajs.Kafka({ brokers: kafkaBrokers().split(','), logLevel: kafkajs.logLevel.NOTHING }).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  sent = await send([...Array.from({ length: 20 }, () => execution()), execution({ quantity: -1 })]);
  await fetch(`${system.url}/api/v1/execution/${sent.ids[3] ?? 0}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"quantityFilled":5,"averagePrice":1,"version":1}' });
  await delivered();
});
afterAll(async () => {
  await producer.disconnect();
  await system.stop();
});

async function send(items: unknown[]): Promise<Stored> {
  const answer = await fetch(`${system.url}/api/v1/executions/batch`, { method: 'POST', headers: { 'content-type': 'application/json', prefer: 'return=minimal' }, body: JSON.stringify({ executions: items }) });
  const { batchId, results } = (await answer.json()) as { batchId: string; results: { id?: number }[] };
  return { batchId, ids: results.flatMap(({ id }) => (id === undefined ? [] : [id])) };
}

const sql = (text: string, values: unknown[] = []) => query(system.databaseUrl, text, values);
const delivered = () => waitFor(async () => (await sql(`select 1 from ledger where state = 'waiting'`)).length === 0, { what: 'everything to be delivered' });
const verify = (...args: string[]): Promise<Ran> => runSluice(['verify', '--url', system.url, ...args], { env: { POSTGRES_URL: system.databaseUrl, KAFKA_BROKERS: kafkaBrokers() } });
const verifyJson = async (...args: string[]): Promise<Checked & { code: number | null }> => {
  const ran = await verify('--json', ...args);
  if (ran.out === '') throw new Error(ran.err);
  return { ...(JSON.parse(ran.out) as Checked), code: ran.code };
};

/** A message as the relay writes them. */
function produce(id: number, version: number): Promise<unknown> {
  const topic = system.settings.ordersTopic;
  return producer.send({ topic, messages: [{ key: String(id), partition: partitionOfKey(String(id), system.settings.kafkaPartitions), value: JSON.stringify({ id, version }), headers: { ce_id: `execution:${id}:${version}` } }] });
}

test('everything accounted for: exit 0, and counts from every source', async () => {
  const topic = system.settings.ordersTopic;
  const checked = await verifyJson('--kafka');
  expect(checked).toMatchObject({
    code: 0, holds: true, breaches: [],
    kinds: { execution: { batches: 2, accepted: 22, written: 21, rejected: 1, pending: 0, inserted: 20, rows: 20, delivery: { [`kafka:${topic}`]: { due: 21, waiting: 0 } } } },
    topics: { [topic]: { records: 20, duplicates: 0, missing: 0, unknown: 0, expired: 0 } },
  });
  const ran = await verify('--batch', sent.batchId);
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toMatch(/KIND +BATCHES +ACCEPTED.*\nexecution +1 +21 +20 +1 /);
  expect(ran.out).toContain('Everything is accounted for.');
});

test('a row deleted and a row doubled are named, with exit 1', async () => {
  const [lost = 0] = sent.ids;
  await sql(`create table kept as select * from execution where id = ${lost}`);
  await sql(`delete from execution where id = ${lost}`);
  await sql(`insert into execution select (jsonb_populate_record(k, '{"id": 800000}')).* from kept k`);
  const ran = await verify();
  const narrow = await verify('--batch', sent.batchId);
  await sql(`delete from execution where id = 800000`);
  await sql(`insert into execution select * from kept`);
  expect(ran.code).toBe(1);
  expect(ran.out).toContain('2 breaches:');
  expect(ran.out).toContain(`row-missing: kind execution, id ${lost}, batchId ${sent.batchId}: expected 1, found 0`);
  expect(ran.out).toContain('row-unexplained: kind execution, id 800000: expected 0, found 1');
  expect(narrow.out).toContain('1 breach:');
  expect((await verify()).code).toBe(0);
});

test('a ledger row altered is named', async () => {
  await sql(`update ledger set delivered = delivered - 1 where batch_id = $1`, [sent.batchId]);
  const { code, breaches } = await verifyJson();
  await sql(`update ledger set delivered = delivered + 1 where batch_id = $1`, [sent.batchId]);
  expect(code).toBe(1);
  expect(breaches).toEqual([{ what: 'delivery-sum', where: { kind: 'execution', batchId: sent.batchId, firstIndex: 0, sink: `kafka:${system.settings.ordersTopic}` }, expected: 20, found: 19 }]);
});

test('a message that is missing is named: the ledger calls delivered what was never sent', async () => {
  await sql(`insert into execution select (jsonb_populate_record(e, '{"id": 700000}')).* from execution e where id = ${sent.ids[0] ?? 0}`);
  await sql(`insert into batch select '01930000-0000-7000-8000-00000000000a', kind, client, epoch, state, 1, received_at, closed_at from batch where id = $1`, [sent.batchId]);
  await sql(`insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, delivered, sent_at, acks) values ('01930000-0000-7000-8000-00000000000a', 0, 'insert', $1, 'execution', 1, 11, 700000, 1, 1, 0, 'n', 'done', 1, now(), '{"2": 9000}')`, [`kafka:${system.settings.ordersTopic}`]);
  const plain = await verifyJson();
  const { code, breaches } = await verifyJson('--kafka');
  await sql(`delete from ledger where batch_id = '01930000-0000-7000-8000-00000000000a'`);
  await sql(`delete from batch where id = '01930000-0000-7000-8000-00000000000a'`);
  await sql(`delete from execution where id = 700000`);
  expect(plain.code).toBe(0);
  expect(code).toBe(1);
  expect(breaches).toMatchObject([{ what: 'message-elsewhere', where: { partition: 2, offset: 9_000 } }, { what: 'message-missing', where: { id: 700_000 } }]);
});

test('a repeat is counted; extra messages, versions that nobody made and versions that go back are breaches', async () => {
  const topic = system.settings.ordersTopic;
  await produce(sent.ids[0] ?? 0, 1);
  const repeated = await verifyJson('--kafka');
  expect(repeated).toMatchObject({ code: 0, topics: { [topic]: { duplicates: 1 } } });
  await produce(600_000, 1);
  await produce(sent.ids[1] ?? 0, 2);
  await produce(sent.ids[3] ?? 0, 1);
  await producer.send({ topic, messages: [{ key: 'x', value: 'hello' }] });
  const { code, breaches } = await verifyJson('--kafka');
  expect(code).toBe(1);
  expect(breaches).toHaveLength(4);
  expect(breaches).toEqual(expect.arrayContaining([
    expect.objectContaining({ what: 'message-unknown', where: { topic, kind: 'execution', id: 600_000, partition: expect.any(Number) as number, offset: expect.any(Number) as number } }),
    expect.objectContaining({ what: 'version-unknown', where: { topic, kind: 'execution', id: sent.ids[1], partition: expect.any(Number) as number, offset: expect.any(Number) as number }, expected: 1, found: 2 }),
    expect.objectContaining({ what: 'version-back', expected: 2, found: 1 }),
    expect.objectContaining({ what: 'message-unreadable' }),
  ]));
});

test('no Sluice, no Kafka, wrong arguments: said in one line, with an exit code of its own', async () => {
  expect(await runSluice(['verify', '--url', 'http://127.0.0.1:1'])).toMatchObject({ code: 3, out: '', err: expect.stringContaining('No Sluice answers') as string });
  expect(await verify('--batch', '7')).toMatchObject({ code: 2, out: '', err: expect.stringContaining('must be a UUID') as string });
  const env = { POSTGRES_URL: system.databaseUrl, KAFKA_BROKERS: '127.0.0.1:1' };
  expect(await runSluice(['verify', '--kafka', '--url', system.url], { env })).toMatchObject({ code: 3, err: expect.stringContaining('could not be compared') as string });
  expect(await runSluice(['verify', '--kafka', '--url', system.url], { env: { SLUICE_DATA: '/nonexistent', KAFKA_BROKERS: '' } })).toMatchObject({ code: 2, err: expect.stringContaining('KAFKA_BROKERS and POSTGRES_URL') as string });
});

test('two Sluices are not compared with each other: the topics of the one that runs here are read for its own address alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-verify-'));
  const addresses = { postgresUrl: system.databaseUrl, natsUrl: '', kafkaBrokers: kafkaBrokers() };
  const asIfItRanAt = (url: string) => { writeRunRecord(folder, { launcher: identify(process.pid) ?? { pid: 0, startedAt: '' }, guard: null, url, addresses, parts: [] }); };
  const env = { SLUICE_DATA: folder, POSTGRES_URL: '', KAFKA_BROKERS: '' };
  try {
    asIfItRanAt('http://127.0.0.1:1');
    expect(await runSluice(['verify', '--kafka', '--url', system.url], { env })).toMatchObject({ code: 2, out: '', err: expect.stringContaining('--url http://127.0.0.1:1;') as string });
    asIfItRanAt(system.url.replace('127.0.0.1', 'localhost'));
    expect((await runSluice(['verify', '--kafka', '--url', system.url], { env })).out).toContain('MESSAGES');
  } finally {
    await rm(folder, { recursive: true });
  }
});
