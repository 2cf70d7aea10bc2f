import kafkajs, { type Producer } from 'kafkajs';
import pg from 'pg';
import { kafkaBrokers } from '../helpers/addresses.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { admin } from '../helpers/topic-admin.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { TopicReader } from '../services/publisher/helpers/topic-reader.ts';

const LONG = { timeoutMs: 60_000 };
/** With its frame just below the broker's message.max.bytes, 1,048,588: nothing can be added to it. */
const FILLS_A_MESSAGE = 1_048_500;
let system: TestSystem;
let producer: Producer;
let dlq: TopicReader;
beforeAll(async () => {
  system = await startSystem({ relays: 1, settings: { batchCommands: true, maxParallelism: 16, retryInitialDelay: 50, retryMaxDelay: 500 } });
  const { batchCommandsTopic: topic } = system.settings;
  await waitFor(async () => (await admin((a) => a.listTopics())).includes(`${topic}.dlq`), { ...LONG, what: 'the topics of commands' });
  producer = new kafkajs.Kafka({ brokers: kafkaBrokers().split(','), logLevel: kafkajs.logLevel.NOTHING }).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  dlq = await TopicReader.open(kafkaBrokers(), `${topic}.dlq`);
});
afterAll(async () => {
  await dlq?.close();
  await producer?.disconnect();
  await system?.stop();
});

const sql = <Row = Record<string, unknown>>(text: string, values: unknown[] = []) => query<Row>(system.databaseUrl, text, values);
const lines = (count: number) => Array.from({ length: count }, () => `${JSON.stringify(execution())}\n`).join('');
const post = async (options: string) => (await send(system.url, 'POST', `/api/v1/batches/executions${options}`, lines(600), { 'Content-Type': 'application/x-ndjson' })).body.batchId as string;
const row = async (id: string) => (await sql<{ state: string; parallelism: number; version: number }>('select state, parallelism, version from large_batch where id = $1', [id]))[0];
const effects = async (id: string) => (await sql<{ effect: string }>('select effect from batch_command where batch_id = $1 order by at', [id])).map((r) => r.effect);
const say = (key: string, ...values: unknown[]) => producer.send({ topic: system.settings.batchCommandsTopic, messages: values.map((v) => ({ key, value: typeof v === 'string' ? v : JSON.stringify(v), headers: { traceparent: 'kept' } })) });
const refusals = (key: string) => dlq.seen.filter((m) => m.key === key);
/** Of the fleet's group: how many messages lie between what is committed and the topic's end. */
const behind = () =>
  admin(async (a) => {
    const { batchCommandsTopic: topic, namespace } = system.settings;
    const [group] = await a.fetchOffsets({ groupId: `${namespace}.batch-commands`, topics: [topic] });
    const ends = await a.fetchTopicOffsets(topic);
    return ends.reduce((sum, end) => sum + Number(end.high) - Math.max(0, Number(group?.partitions.find((p) => p.partition === end.partition)?.offset ?? 0)), 0);
  });

test('BatchInitialized starts a batch that waits; said twice it starts it once; of one that has started it is noted', async () => {
  const id = await post('?start=manual');
  expect(await row(id)).toMatchObject({ state: 'READY' });
  const start = { type: 'BatchInitialized', id: 'go', batchId: id };
  await say(id, start, start, { ...start, id: 'again' });
  await waitFor(async () => (await row(id))?.state === 'COMPLETED', { ...LONG, what: 'the batch to be carried out' });
  await waitFor(async () => (await behind()) === 0, { ...LONG, what: 'all commands to be committed' });
  expect(await effects(id)).toEqual(['started', 'noted']);
  expect((await send(system.url, 'GET', `/api/v1/batches/${id}`)).body).toMatchObject({ written: 600, law: { items: { holds: true } } });
  expect(refusals(id)).toEqual([]);
});

test('ResourcesAllocated sets the parallelism, at most what the settings bear; a repeat does not undo what came after', async () => {
  const id = await post('?start=manual&parallelism=2');
  const grant = (name: string, parallelism: number) => ({ type: 'ResourcesAllocated', id: name, batchId: id, parallelism });
  await say(id, grant('a', 4));
  await waitFor(async () => (await row(id))?.parallelism === 4, { ...LONG, what: 'the grant' });
  await say(id, grant('b', 1_000));
  await waitFor(async () => (await row(id))?.parallelism === 16, { ...LONG, what: 'the second grant' });
  const before = await row(id);
  await say(id, grant('a', 4), grant('b', 1_000));
  await waitFor(async () => (await behind()) === 0, { ...LONG, what: 'all commands to be committed' });
  expect([await row(id), await effects(id)]).toEqual([before, ['parallelism 4', 'parallelism 16']]);
});

test('what is wrong goes to the dead letter topic as it came, with the reason, and what follows is carried out', async () => {
  const id = await post('?start=manual');
  const stranger = '019a9f2c-6d1e-7c54-b6b1-0d0a52a8f001';
  const wrong: [unknown, string][] = [
    ['{"type":', 'invalid-json'], [{ type: 'Explode', batchId: id }, 'unknown-type'], [{ type: 'ResourcesAllocated', batchId: id, parallelism: -1 }, 'range'],
    [{ type: 'BatchInitialized', batchId: stranger }, 'not-found'], [{ type: 'ItemProcessingCompleted', batchId: id, index: 0, attempt: 1 }, 'no-such-item'],
  ];
  await say(id, ...wrong.map(([value]) => value), { type: 'BatchInitialized', batchId: id });
  await waitFor(async () => (await row(id))?.state === 'COMPLETED', { ...LONG, what: 'the good one to be carried out' });
  await say(id, { type: 'ResourcesAllocated', batchId: id, parallelism: 2 });
  await waitFor(() => refusals(id).length >= 6, { ...LONG, what: 'the refusals' });
  expect(refusals(id).map((m) => m.headers.dlq_code)).toEqual([...wrong.map(([, code]) => code), 'not-now']);
  expect(refusals(id).map((m) => m.value).slice(0, 5)).toEqual(wrong.map(([value]) => (typeof value === 'string' ? value : JSON.stringify(value))));
  for (const { headers } of refusals(id)) expect(headers).toMatchObject({ traceparent: 'kept', dlq_topic: system.settings.batchCommandsTopic, dlq_reason: expect.stringMatching(/\.$/) as string, dlq_offset: expect.stringMatching(/^\d+$/) as string });
  expect(refusals(id)[5]?.headers.dlq_reason).toContain('COMPLETED');
});

test('one that just fits on its topic, by its key or its headers, is told without them and does not hold up what follows', async () => {
  const id = await post('?start=manual');
  const { batchCommandsTopic: topic } = system.settings;
  const filling = Buffer.alloc(FILLS_A_MESSAGE, 'y');
  const told = dlq.seen.length;
  // All to one partition, where one behind the other is carried out.
  for (const message of [{ value: filling }, { value: 'x', headers: { filling } }, { key: filling, value: 'x' }]) await producer.send({ topic, messages: [{ partition: 0, ...message }] });
  await producer.send({ topic, messages: [{ partition: 0, value: JSON.stringify({ type: 'BatchInitialized', batchId: id }) }] });
  await waitFor(async () => (await row(id))?.state === 'COMPLETED', { ...LONG, what: 'what follows to be carried out' });
  await waitFor(() => dlq.seen.length >= told + 3, { ...LONG, what: 'the refusals' });
  const refused = dlq.seen.slice(told);
  expect(refused.map((m) => m.headers.dlq_code).sort()).toEqual(['invalid-json', 'invalid-json', 'too-large']);
  // What is left of each is short: a difference of a megabyte would not be told in a day.
  expect(refused.map(({ key, value, headers }) => [String(key).length < 100, String(value).slice(0, 100), 'filling' in headers, headers.dlq_partition])).toEqual(Array(3).fill([true, '{"payload":"left out: too large"}', false, '0']));
});

test('an event whose effect was committed, but whose offset was not, comes again and changes nothing', async () => {
  const id = await post('?start=manual');
  await say(id, { type: 'ResourcesAllocated', batchId: id, parallelism: 7 }, { type: 'ResourcesAllocated', batchId: id, parallelism: 3 });
  await waitFor(async () => (await row(id))?.parallelism === 3, { ...LONG, what: 'the second grant' });
  await waitFor(async () => (await behind()) === 0, { ...LONG, what: 'all commands to be committed' });
  const before = [await row(id), await effects(id), dlq.seen.length];
  const known = (await sql<{ n: number }>('select count(*)::int as n from batch_command'))[0]?.n;
  const [relay] = system.relays;
  await relay?.stop();
  const { batchCommandsTopic: topic, namespace } = system.settings;
  await admin((a) => a.resetOffsets({ groupId: `${namespace}.batch-commands`, topic, earliest: true }));
  expect(await behind()).toBeGreaterThan(0);
  await system.join('relay');
  await waitFor(async () => (await behind()) === 0, { ...LONG, what: 'all commands to be read again' });
  // What was refused is refused again; what had its effect has it once.
  expect([await row(id), await effects(id)]).toEqual(before.slice(0, 2));
  expect((await sql<{ n: number }>('select count(*)::int as n from batch_command'))[0]?.n).toBe(known);
});

test('an event whose effect PostgreSQL refuses for now keeps its offset uncommitted, and is carried out when it can be', async () => {
  const id = await post('?start=manual');
  const client = new pg.Client({ connectionString: system.databaseUrl });
  await client.connect();
  try {
    await client.query('begin');
    await client.query('select from large_batch where id = $1 for update', [id]);
    await say(id, { type: 'ResourcesAllocated', batchId: id, parallelism: 9 });
    const waits = () => sql('select from pg_locks l join pg_stat_activity a on a.pid = l.pid where not l.granted and a.datname = current_database()');
    await waitFor(async () => (await waits()).length > 0, { ...LONG, what: 'the command to wait for the batch' });
    await waitFor(async () => (await waits()).length === 0, { ...LONG, what: 'it to give up' });
    await waitFor(async () => (await waits()).length > 0, { ...LONG, what: 'it to be tried again' });
    expect([await behind(), await effects(id)]).toEqual([1, []]);
  } finally {
    await client.end();
  }
  await waitFor(async () => (await row(id))?.parallelism === 9, { ...LONG, what: 'the grant' });
  await waitFor(async () => (await behind()) === 0, { ...LONG, what: 'the commit' });
});
