import { join } from 'node:path';
import { checkKafka } from '../../bin/verify/check-kafka.ts';
import { kafkaBrokers } from '../helpers/addresses.ts';
import { schemaOf } from '../helpers/event-schemas.ts';
import { send } from '../helpers/http.ts';
import { done, failed, startOutworker, type Outworker, type Request } from '../helpers/outworker.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { admin } from '../helpers/topic-admin.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { TopicReader } from '../services/publisher/helpers/topic-reader.ts';

const KINDS = ['outwork', 'rushwork'].map((name) => join(import.meta.dirname, `../helpers/kinds/${name}.kind.ts`)).join(',');
const LONG = { timeoutMs: 90_000 };

/** What the other side does with an item, by its label. */
function answersTo(request: Request): unknown[] {
  const { label } = request.item;
  if (label === 'flaky' && request.attempt < 3) return [failed(request, 'RESOURCE_ERROR')];
  if (label === 'failing') return [failed(request, 'EXECUTION_ERROR')];
  if (label === 'refusing') return [failed(request, 'ITEM_ERROR', 'no such thing')];
  if (label === 'odd') return [done(request, { result: { label } })];
  if (label === 'slow' && request.attempt === 1) return [];
  if (label === 'silent' || label === 'held') return [];
  if (label === 'twice') return [done(request), done(request)];
  return [done(request)];
}

let system: TestSystem;
let other: Outworker;
let dlq: TopicReader;
beforeAll(async () => {
  system = await startSystem({ relays: 1, settings: { recordKinds: KINDS, batchCommands: true, nodeTags: 'blue', retryInitialDelay: 50, retryMaxDelay: 500 } });
  const { itemsTopic, batchCommandsTopic } = system.settings;
  const wanted = [itemsTopic, batchCommandsTopic, `${batchCommandsTopic}.dlq`];
  await waitFor(async () => {
    const topics = await admin((a) => a.listTopics());
    return wanted.every((topic) => topics.includes(topic));
  }, { ...LONG, what: 'the topics' });
  other = await startOutworker(itemsTopic, batchCommandsTopic, answersTo);
  dlq = await TopicReader.open(kafkaBrokers(), `${batchCommandsTopic}.dlq`);
}, 90_000);
afterAll(async () => {
  await other?.close();
  await dlq?.close();
  await system?.stop();
});

const sql = <Row = Record<string, unknown>>(text: string, values: unknown[] = []) => query<Row>(system.databaseUrl, text, values);
const status = async (id: string) => (await send(system.url, 'GET', `/api/v1/batches/${id}`)).body;
const comesTo = (id: string, state: string) => waitFor(async () => (await status(id)).state === state, { ...LONG, what: `the batch to be ${state}` });
const requests = (id: string) => other.seen.filter(({ batchId }) => batchId === id);
const refusals = (id: string) => dlq.seen.filter((m) => m.key === id).map((m) => m.headers);
const refused = async (id: string) => (await send(system.url, 'GET', `/api/v1/batches/${id}/items?status=FAILED`)).text.trim().split('\n').filter((l) => l !== '').map((l) => JSON.parse(l) as { index: number; errors: { code: string; message: string }[] });
const rows = (id: string, kind = 'outwork') => sql<{ label: string; weight: string; done_by: string }>(`select label, weight, done_by from ${kind} t where exists (select from ledger l where l.batch_id = $1 and l.op = 'insert' and l.written > 0 and t.id >= l.first_id and t.id < l.first_id + l.span) order by t.weight, id`, [id]);
const quiet = () => waitFor(async () => (await sql(`select from ledger where state = 'waiting'`)).length === 0, { ...LONG, what: 'everything to be delivered' });

async function begin(labels: readonly string[], options = '', kind = 'outwork'): Promise<string> {
  const body = labels.map((label, i) => `{"label":"${label}","weight":${i}.12345678}\n`).join('');
  const answer = await send(system.url, 'POST', `/api/v1/batches/${kind}s${options}`, body, { 'Content-Type': 'application/x-ndjson' });
  expect(answer).toMatchObject({ status: 202, body: { accepted: labels.length } });
  return answer.body.batchId as string;
}

test('items are handed out on Kafka, each attempt as one message that its schema describes, and become what is answered, to the last digit; what fails is tried again, or refused, as with any step', async () => {
  const labels = ['well', 'flaky', 'failing', 'refusing', 'odd', ...Array.from({ length: 120 }, (_, i) => `item ${i}`)];
  const id = await begin(labels, '?maxRetryAttempts=2&parallelism=32&tags=blue');
  await comesTo(id, 'COMPLETED');
  expect(await status(id)).toMatchObject({ accepted: 125, written: 122, rejected: 3, errors: { EXECUTION_ERROR: 2, ITEM_ERROR: 1 }, law: { items: { holds: true } } });
  expect((await refused(id)).map(({ index, errors }) => [index, errors[0]?.code, errors[0]?.message])).toEqual([
    [2, 'EXECUTION_ERROR', 'it went wrong'], [3, 'ITEM_ERROR', 'no such thing'], [4, 'EXECUTION_ERROR', expect.stringContaining('"weight" is missing') as string],
  ]);
  const stored = await rows(id);
  expect(stored.slice(0, 2)).toEqual([{ label: 'well', weight: '0.12345678', done_by: 'attempt 1' }, { label: 'flaky', weight: '1.12345678', done_by: 'attempt 3' }]);
  expect(stored.map((r) => r.label)).toEqual(labels.filter((label) => !['failing', 'refusing', 'odd'].includes(label)));
  expect([0, 1, 2, 3, 4, 5].map((index) => requests(id).filter((r) => r.index === index).map((r) => r.attempt))).toEqual([[1], [1, 2, 3], [1, 2, 3], [1], [1, 2, 3], [1]]);
  for (const request of requests(id)) expect(schemaOf('ItemProcessingRequested')(request)).toEqual([]);
  expect(requests(id)[0]).toMatchObject({ kind: 'outwork', tags: ['blue'] });
  expect(await sql('select idx, input from item where batch_id = $1 order by idx', [id])).toEqual([2, 3, 4].map((idx) => ({ idx, input: { label: labels[idx], weight: `${idx}.12345678` } })));
  await quiet();
  expect((await send(system.url, 'GET', '/api/v1/verify')).body).toMatchObject({ holds: true, kinds: { item: { delivery: { [`kafka:${system.settings.itemsTopic}`]: { due: 131, delivered: 131 } } } } });
  const read = await checkKafka({ postgresUrl: system.databaseUrl, kafkaBrokers: kafkaBrokers(), topics: [system.settings.itemsTopic], ofEvents: new Set([system.settings.itemsTopic]), scope: { batchId: null, fromBatchId: null }, most: 10, onProgress: () => undefined });
  expect(read.breaches).toEqual([]);
  expect(read.topics[system.settings.itemsTopic]).toMatchObject({ records: 131, missing: 0, unknown: 0 });
}, 120_000);

test('a number in an answer keeps its digits, also those that a float would lose', async () => {
  const id = await begin(['held']);
  await waitFor(() => requests(id).length > 0, { ...LONG, what: 'the item' });
  const producerText = `{"type":"ItemProcessingCompleted","batchId":"${id}","index":0,"attempt":1,"result":{"label":"exact","weight":1234567890.12345678,"doneBy":"me"}}`;
  await other.sayText(id, producerText);
  await comesTo(id, 'COMPLETED');
  expect(await rows(id)).toEqual([{ label: 'exact', weight: '1234567890.12345678', done_by: 'me' }]);
});

test('an attempt that has no answer in its time fails with TIMEOUT_ERROR, and is tried again as the kind says; its late answer goes to the dead letter topic', async () => {
  const id = await begin(['slow', 'silent'], '?maxRetryAttempts=1', 'rushwork');
  await waitFor(() => requests(id).some((r) => r.index === 0 && r.attempt === 2), { ...LONG, what: 'the second attempt' });
  const [first] = requests(id).filter((r) => r.index === 0);
  await other.say(done(first as Request));
  await comesTo(id, 'COMPLETED');
  expect(await rows(id, 'rushwork')).toMatchObject([{ label: 'slow', done_by: 'attempt 2' }]);
  expect((await refused(id)).map(({ index, errors }) => [index, errors[0]?.code])).toEqual([[1, 'TIMEOUT_ERROR']]);
  expect((await status(id)).errors).toMatchObject({ TIMEOUT_ERROR: 1 });
  await waitFor(() => refusals(id).length > 0, { ...LONG, what: 'the refusal' });
  expect(refusals(id)).toMatchObject([{ dlq_code: 'late' }]);
}, 120_000);

test('an answer counts for its batch, index and attempt alone, and once; each other one goes to the dead letter topic with its reason', async () => {
  const id = await begin(['twice', 'held']);
  await waitFor(() => requests(id).length === 2, { ...LONG, what: 'the items' });
  const held = requests(id).find((r) => r.index === 1) as Request;
  await other.say(done({ ...held, attempt: 2 }), done({ ...held, index: 7 }), { ...done(held), result: undefined, error: { category: 'NONE', message: 'x' } });
  await waitFor(() => refusals(id).length === 3, { ...LONG, what: 'the refusals' });
  expect(await sql('select state, attempt from item where batch_id = $1 and idx = 1', [id])).toEqual([{ state: 'started', attempt: 1 }]);
  await other.say(done(held, { id: 'mine' }), done(held, { id: 'mine' }), done(held, { id: 'another' }));
  await comesTo(id, 'COMPLETED');
  await waitFor(() => refusals(id).length === 4, { ...LONG, what: 'the refusal of what had been answered' });
  // Its chunk may be stored by then, or not yet.
  expect(refusals(id).map((h) => h.dlq_code)).toEqual(['wrong-attempt', 'no-such-item', 'enum', expect.stringMatching(/^(late|not-now|no-such-item)$/) as string]);
  expect((await rows(id)).map((r) => r.label)).toEqual(['twice', 'held']);
  expect((await sql<{ effect: string }>('select effect from batch_command where batch_id = $1 order by effect', [id])).map((r) => r.effect)).toEqual(['item 0 done', 'item 1 done']);
}, 120_000);

test('paused, an answer is still taken; resumed, nothing is handed out again. Cancelled, answers are refused, and nothing is stored', async () => {
  const id = await begin(['held', 'held']);
  await waitFor(() => requests(id).length === 2, { ...LONG, what: 'the items' });
  await send(system.url, 'POST', `/api/v1/batches/${id}/pause`);
  await waitFor(async () => (await sql('select from chunk where batch_id = $1 and lease_owner is not null', [id])).length === 0, { ...LONG, what: 'the chunk to be given back' });
  await other.say(...requests(id).map((r) => done(r)));
  await waitFor(async () => (await sql(`select from item where batch_id = $1 and state = 'done'`, [id])).length === 2, { ...LONG, what: 'the answers' });
  await send(system.url, 'POST', `/api/v1/batches/${id}/resume`);
  await comesTo(id, 'COMPLETED');
  expect([requests(id).length, (await rows(id)).length]).toEqual([2, 2]);

  const ended = await begin(['held']);
  await waitFor(() => requests(ended).length === 1, { ...LONG, what: 'the item' });
  await send(system.url, 'POST', `/api/v1/batches/${ended}/cancel`);
  await comesTo(ended, 'CANCELLED');
  await other.say(done(requests(ended)[0] as Request));
  await waitFor(() => refusals(ended).length === 1, { ...LONG, what: 'the refusal' });
  expect([refusals(ended)[0]?.dlq_code, await rows(ended)]).toEqual(['not-now', []]);
}, 120_000);
