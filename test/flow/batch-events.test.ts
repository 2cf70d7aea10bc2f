import { partitionOfKey } from '../../shared/delivery/murmur2.ts';
import { kafkaBrokers } from '../helpers/addresses.ts';
import { schemaOf } from '../helpers/event-schemas.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startFleet, type Fleet } from '../helpers/fleet.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { TopicReader, type Seen } from '../services/publisher/helpers/topic-reader.ts';

const LONG = { timeoutMs: 60_000 };
const NDJSON = { 'Content-Type': 'application/x-ndjson' };
const lines = (count: number) => Array.from({ length: count }, () => `${JSON.stringify(execution())}\n`);

let fleet: Fleet;
let reader: TopicReader;
beforeAll(async () => {
  fleet = await startFleet({ writers: 1, relays: 1, env: { KAFKA_PARTITIONS: '4' } });
  await waitFor(async () => (await fleet.sql(`select from sink_topic where sink = $1`, [`kafka:${fleet.batchesTopic}`])).length === 1, { ...LONG, what: 'the topic of batches' });
  reader = await TopicReader.open(kafkaBrokers(), fleet.batchesTopic);
});
afterAll(async () => {
  await reader?.close();
  await fleet?.stop();
});

interface Event extends Record<string, unknown> {
  type: string;
  batchId: string;
  number: number;
  checkpoint: { no: number; items: number; written: number; rejected: number };
}
const post = (body: string[], options = '') => send(fleet.url, 'POST', `/api/v1/batches/executions${options}`, body.join(''), NDJSON);
const status = async (id: string) => (await send(fleet.url, 'GET', `/api/v1/batches/${id}`)).body;
const of = (id: string): Seen[] => reader.seen.filter((m) => m.key === id);
const bodies = (messages: Seen[]) => messages.map((m) => JSON.parse(m.value) as Event);
/** Each once, at its first coming, in order: what a killed relay sent may come again, several together, but nothing new before its turn. */
function once(id: string): Event[] {
  const events = bodies(of(id).filter((m, i, all) => all.findIndex((o) => o.headers.ce_id === m.headers.ce_id) === i));
  expect(events.map((e) => e.number)).toEqual(events.map((e) => e.number).sort((a, b) => a - b));
  return events;
}
const lastIs = (id: string, type: string) => waitFor(() => bodies(of(id)).at(-1)?.type === type, { ...LONG, what: `${type} of ${id}` });
const checkpoints = async (id: string) => (await query<{ no: number; items: number; written: number; rejected: number }>(fleet.databaseUrl, 'select no, items, written, rejected from checkpoint where batch_id = $1 order by no', [id]));
const lawHolds = async () => (await send(fleet.url, 'GET', '/api/v1/verify')).body.holds;

test('a batch tells of each checkpoint and of its end, in order, on one partition, in messages that their schemas describe', async () => {
  const body = lines(3_000);
  body[1_700] = '{"broken\n';
  const { status: code, body: answer } = await post(body, '?checkpointInterval=500&tags=night');
  expect(code).toBe(202);
  const id = answer.batchId as string;
  await lastIs(id, 'BatchExecuted');
  const told = once(id);
  const made = await checkpoints(id);
  expect(made.length).toBeGreaterThanOrEqual(3);
  expect(told.map((e) => e.type)).toEqual([...made.map(() => 'CheckpointCreated'), 'BatchExecuted']);
  expect(told.map((e) => e.number)).toEqual(told.map((_, i) => i + 1));
  expect(told.slice(0, -1).map((e) => e.checkpoint)).toMatchObject(made);
  const now = await status(id);
  expect(told.at(-1)).toMatchObject({ batchId: id, kind: 'execution', state: 'COMPLETED', tags: ['night'], parent: null, executionResults: now.executionResults, executionMetadata: { checkpointsCreated: made.length, averageItemTime: (now.executionMetadata as Record<string, unknown>).averageItemTime } });
  for (const event of told) expect([event.type, schemaOf(event.type)(event)]).toEqual([event.type, []]);
  for (const message of of(id)) {
    const event = JSON.parse(message.value) as Event;
    expect(message.partition).toBe(partitionOfKey(id, 4));
    expect(message.headers).toMatchObject({ ce_id: `batch:${id}:${event.number}`, ce_type: `sluice.batch.${event.type}`, ce_specversion: '1.0', 'content-type': 'application/json' });
  }
  // An event is no item: the counts are those of the items alone, and so is what is due to the sinks of records.
  expect(now).toMatchObject({ accepted: 3_000, written: 2_999, rejected: 1, pending: 0, law: { items: { holds: true } } });
  expect(JSON.stringify(now)).not.toContain(fleet.batchesTopic);
  const receipts = (await send(fleet.url, 'GET', `/api/v1/batches/${id}/items`)).text.trim().split('\n').map((l) => (JSON.parse(l) as { index: number }).index);
  expect(receipts).toEqual(Array.from({ length: 3_000 }, (_, i) => i));
  expect(await lawHolds()).toBe(true);
});

test('a batch that fails, and one that is cancelled, say so last, with what stands', async () => {
  const bad = lines(1_000).map((line, i) => (i % 2 === 0 ? line : '{"broken\n'));
  const failed = await post(bad, '?errorPolicy=5%25');
  const [row] = await fleet.sql<{ id: string }>(`select id from large_batch where state = 'FAILED'`);
  expect(failed.status).toBeGreaterThanOrEqual(400);
  const id = row?.id ?? '';
  await lastIs(id, 'ExecutionFailed');
  const end = once(id).at(-1);
  const now = await status(id);
  expect(end).toMatchObject({ state: 'FAILED', status: 'ERROR', errorCode: 'error-policy', errorMessage: now.errorMessage, details: now.details, executionResults: now.executionResults });
  expect(schemaOf('ExecutionFailed')(end)).toEqual([]);

  const { body: staged } = await post(lines(600), '?start=manual');
  const cancelled = staged.batchId as string;
  await send(fleet.url, 'POST', `/api/v1/batches/${cancelled}/cancel`);
  await lastIs(cancelled, 'ExecutionFailed');
  expect(once(cancelled).map((e) => e.type)).toEqual([...(await checkpoints(cancelled)).map(() => 'CheckpointCreated'), 'ExecutionFailed']);
  expect(once(cancelled).at(-1)).toMatchObject({ state: 'CANCELLED', errorCode: 'cancelled', details: { systemErrors: 0, resourceErrors: 0, dataErrors: 0, timeoutErrors: 0 }, executionResults: { itemsProcessed: 0 } });
  expect(schemaOf('ExecutionFailed')(once(cancelled).at(-1))).toEqual([]);
  expect(await lawHolds()).toBe(true);
});

test('a relay killed between loses no event and turns none around; verify --kafka accounts for all of them', async () => {
  const [relay] = fleet.relays();
  const ids: string[] = [];
  const going = Promise.all(Array.from({ length: 6 }, async () => {
    const { body: answer } = await post(lines(2_000), '?checkpointInterval=100&parallelism=2');
    ids.push(answer.batchId as string);
  }));
  const before = reader.seen.length;
  await waitFor(() => reader.seen.length >= before + 5, { ...LONG, what: 'some events' });
  await relay?.kill9();
  await going;
  await fleet.start('relay');
  for (const id of ids) {
    await lastIs(id, 'BatchExecuted');
    expect(once(id).map((e) => e.type)).toEqual([...(await checkpoints(id)).map(() => 'CheckpointCreated'), 'BatchExecuted']);
  }
  await fleet.quiet();
  expect(await lawHolds()).toBe(true);
  const { code, out } = await fleet.sluice('verify', '--kafka', '--json');
  const report = JSON.parse(out) as { breaches: unknown[]; topics: Record<string, { records: number; missing: number; unknown: number }> };
  expect({ code, breaches: report.breaches }).toEqual({ code: 0, breaches: [] });
  const [{ n = 0 } = {}] = await fleet.sql<{ n: number }>(`select count(*)::int as n from ledger where op = 'event'`);
  expect(report.topics[fleet.batchesTopic]).toMatchObject({ records: n, missing: 0, unknown: 0 });
});
