import { newKey } from '../../shared/access/api-keys.ts';
import { CREATE_API_KEY, LIMIT_API_KEY } from '../../shared/db/queries/api-keys.ts';
import type { MetricName } from '../../shared/metrics/metrics.ts';
import type { RunningNode } from '../../shared/runtime/node.ts';
import { freePort } from '../../shared/runtime/servers/free-port.ts';
import { checkTruth } from '../helpers/check-truth.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { newMark, readTold, startLoad, type Load } from '../helpers/load.ts';
import { storeOrders } from '../helpers/orders.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const LONG = { timeoutMs: 60_000 };
const TEST_MS = 120_000;
const ITEMS = 60;

let system: TestSystem;
let load: Load;
const key = newKey();
const headers = { Authorization: `Bearer ${key.text}` };

beforeAll(async () => {
  system = await startSystem({ writers: 2, relays: 1, settings: { limiter: false, kafkaBrokers: '', tradeServiceUrl: `http://127.0.0.1:${await freePort()}`, tradeBreakerFailures: 1_000 } });
  await query(system.databaseUrl, CREATE_API_KEY.text, [key.id, 'load', key.hash, ['submit', 'operate'], null, null, null, null, 'test']);
  await waitFor(async () => (await send(system.url, 'GET', '/api/v1/settings', undefined, headers)).status === 200, { ...LONG, what: 'the edge to hear of the key' });
  load = startLoad(system.url, { senders: 4, items: ITEMS, headers: () => headers });
}, TEST_MS);
afterAll(async () => {
  await load.stop();
  await system.stop();
}, TEST_MS);

const nodes = () => [system.edge, ...system.writers, ...system.relays];
const figure = async (of: readonly (RunningNode | undefined)[], name: MetricName): Promise<number> => {
  let sum = 0;
  for (const node of of) {
    node?.context.metrics.sample();
    for (const { value } of (await node?.context.metrics.series(name)) ?? []) sum += value;
  }
  return sum;
};
const told = (status: number) => load.statuses.get(status) ?? 0;

/** Changes a setting, and waits for every node to run it. */
async function change(name: string, value: string | number | boolean): Promise<void> {
  // Who sends too much is refused here too, as it should be.
  await waitFor(async () => (await send(system.url, 'PUT', `/api/v1/settings/${name}`, { value }, headers)).status === 200, { ...LONG, what: `${name} to be taken` });
  await waitFor(() => nodes().every(({ context }) => (context.settings as Record<string, unknown>)[name] === value), { ...LONG, what: `every node to run ${name} ${String(value)}` });
}

test('breaker: a trade service that does not answer opens it after the new number of calls', async () => {
  const [first, second, third, fourth] = await storeOrders(system.databaseUrl, 4);
  const submit = (id: number | undefined) => send(system.url, 'POST', '/api/v1/orders/batch/submit', { orderIds: [id] }, headers);
  const calls = await figure([system.edge], 'trade_calls_total');
  for (const id of [first, second]) await submit(id);
  expect(await figure([system.edge], 'trade_calls_total')).toBeGreaterThanOrEqual(calls + 2);
  expect(await figure([system.edge], 'trade_breaker_state')).toBe(0);
  await change('tradeBreakerFailures', 3);
  for (const id of [third, fourth]) await submit(id);
  expect(await figure([system.edge], 'trade_breaker_state')).toBeGreaterThan(0);
}, TEST_MS);

test('batch parameters: the next request is cut into segments of the new size', async () => {
  await change('bulkInsertBatchSize', 7);
  const marks = Array.from({ length: ITEMS }, newMark);
  const answer = await send(system.url, 'POST', '/api/v1/executions/batch', { executions: marks.map((securityId) => execution({ securityId })) }, headers);
  load.told.push(...readTold(answer, marks));
  expect(answer.status).toBe(201);
  const slices = await query<{ span: number }>(system.databaseUrl, `select distinct first_index, span from ledger where batch_id = $1`, [answer.body.batchId]);
  expect(Math.max(...slices.map(({ span }) => span))).toBe(7);
  await change('bulkInsertBatchSize', 500);
}, TEST_MS);

test('lanes: large batches leave the new share of the slots to requests', async () => {
  const open = async (slots: number) => waitFor(async () => (await figure([system.edge], 'batcher_lanes_slots')) === slots, { ...LONG, what: `${slots} slots for large batches` });
  await open(2);
  await change('interactiveShare', 0.75);
  await open(1);
  await change('interactiveShare', 0);
  await open(4);
}, TEST_MS);

test('retry policy: a flush that lost its connection is tried again, and with one try only it is settled instead', async () => {
  const cutOff = () => query(system.databaseUrl, `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'sluice writer%' and state = 'active'`);
  const retries = await figure(system.writers, 'writer_retries_total');
  await waitFor(async () => {
    await cutOff();
    return (await figure(system.writers, 'writer_retries_total')) > retries;
  }, { ...LONG, what: 'a flush to be tried again' });
  expect(await figure(system.writers, 'writer_exhausted_chunks_total')).toBe(0);
  await change('writeAttempts', 1);
  await waitFor(async () => {
    await cutOff();
    return (await figure(system.writers, 'writer_exhausted_chunks_total')) > 0;
  }, { ...LONG, what: 'a flush to be given up after one try' });
  await change('writeAttempts', 6);
}, TEST_MS);

test('rate limits: fewer requests at a time, and a lower rate of the key, are refused from then on, and not any more when they are taken back', async () => {
  const refused = told(503);
  await change('maxRequests', 1);
  await waitFor(() => told(503) > refused, { ...LONG, what: 'a request beyond the bound to be refused' });
  await change('maxRequests', 2_000);
  expect(told(429)).toBe(0);
  await query(system.databaseUrl, LIMIT_API_KEY.text, [key.id, 1, null]);
  await waitFor(() => told(429) > 0, { ...LONG, what: 'a request beyond the rate to be refused' });
  await query(system.databaseUrl, LIMIT_API_KEY.text, [key.id, null, null]);
  const taken = told(201);
  await waitFor(() => told(201) > taken, { ...LONG, what: 'requests to be taken again' });
}, TEST_MS);

test('limiter: it decides from the moment it is switched on', async () => {
  expect(await figure(system.relays, 'limiter_decisions_total')).toBe(0);
  await change('limiter', true);
  await waitFor(async () => (await figure(system.relays, 'limiter_decisions_total')) > 0, { ...LONG, what: 'the limiter to decide' });
}, TEST_MS);

test('log level: every node logs from the new level', async () => {
  await change('logLevel', 'fatal');
  expect(nodes().map(({ context }) => context.log.isLevelEnabled('fatal'))).toEqual(nodes().map(() => true));
}, TEST_MS);

test('after all of these changes nothing was lost or doubled, and every answer was true', async () => {
  await load.stop();
  await waitFor(async () => (await figure([system.edge], 'batcher_requests_active')) === 0, { ...LONG, what: 'all requests to be settled' });
  expect([...load.statuses.keys()].filter((status) => ![201, 202, 207, 429, 503].includes(status))).toEqual([]);
  const truth = await checkTruth(system.databaseUrl, load.told);
  expect(truth.lies).toEqual([]);
  expect(truth.stored).toBeGreaterThan(0);
}, TEST_MS);
