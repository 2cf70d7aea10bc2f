import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTradeService, type TradeService } from '../../bin/trade-service/trade-service.ts';
import { checkTruth, type Told } from '../helpers/check-truth.ts';
import { spyOnStatements } from '../helpers/engine.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { metric } from '../helpers/metric.ts';
import { order } from '../helpers/order-items.ts';
import { orderRows, storeOrders } from '../helpers/orders.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const LONG = { timeoutMs: 60_000 };
const TEST_MS = 120_000;
const GOOD = 27;
const LISTED = 8;
const SUBMITTED = 60;
const CHUNK = 50;

/** A door before the trade service: while it is shut, bulk calls wait there. */
class Door {
  readonly #server: Server;
  #open: Promise<void> = Promise.resolve();
  #letIn: () => void = () => undefined;
  waiting = 0;

  constructor(to: string) {
    this.#server = createServer((req, res) => {
      void (async () => {
        let body = '';
        for await (const part of req.setEncoding('utf8')) body += part as string;
        this.waiting++;
        await this.#open;
        this.waiting--;
        const answer = await fetch(to + (req.url ?? ''), { method: req.method ?? 'GET', ...(req.method === 'POST' ? { body } : {}), headers: { 'content-type': 'application/json' } });
        res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
      })().catch(() => res.destroy());
    });
  }
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  shut(): void {
    this.#open = new Promise((resolve) => (this.#letIn = resolve));
  }
  letIn(): void {
    this.#letIn();
  }
  async stop(): Promise<void> {
    this.letIn();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let trades: TradeService;
let door: Door;
let tradeServiceUrl: string;
let system: TestSystem | undefined;
// Each has its own: order ids begin anew in each database.
beforeEach(async () => {
  trades = await startTradeService();
  door = new Door(trades.url);
  tradeServiceUrl = await door.start();
});
afterEach(async () => {
  door.letIn();
  await system?.stop();
  system = undefined;
  await door.stop();
  await trades.close();
});

/** Records, bad ones, refusals of the database, a change, orders, a list and a submission: every answer held against the tables. Answers how many statements of each sort it took. */
async function smallFlow({ url, databaseUrl, edge, writers }: TestSystem) {
  const [edgeSpy, ...writerSpies] = [edge, ...writers].map((node) => spyOnStatements(node.context.database.pool));
  const marks = Array.from({ length: GOOD + 3 }, (_, i) => `SWITCH${String(i).padStart(18, '0')}`);
  const batch = await send(url, 'POST', '/api/v1/executions/batch', { executions: marks.map((securityId, i) => execution({ securityId, quantity: i < GOOD ? 100 : -1 })) });
  expect([batch.status, batch.body.status, batch.body.successful]).toEqual([207, 'PARTIAL_SUCCESS', GOOD]);
  const told = (batch.body.results ?? []).map((result, i): Told => (result.status === 'SUCCESS' ? { mark: marks[i] ?? '', fate: 'stored', id: Number(result.execution?.id) } : { mark: marks[i] ?? '', fate: 'refused' }));
  const rowInserts = () => (writerSpies ?? []).flatMap(({ texts }) => texts).filter((text) => text.includes('insert into "execution"') && !text.includes('ledger')).length;
  const insertsOfRows = rowInserts();
  expect(await send(url, 'PUT', `/api/v1/execution/${told[0]?.id}`, { quantityFilled: 5, averagePrice: 1, version: 1 })).toMatchObject({ status: 200, body: { version: 2, executionStatus: 'PART' } });
  expect((await checkTruth(databaseUrl, told)).lies).toEqual([]);

  // A number that another order has: only the database finds that out, in the middle of the chunk.
  const taken = 900_000;
  const created = await send(url, 'POST', '/api/v1/orders', Array.from({ length: LISTED + 1 }, (_, i) => order({ quantity: i + 1, blotterId: i % 3 === 0 ? null : 1, tradeOrderId: i === 3 || i === 6 ? taken : null, orderTypeId: 1 + (i % 5) })));
  expect([created.status, created.body.successful, created.body.failed]).toEqual([207, LISTED, 1]);
  const rows = created.body.orders as { status: string; code?: string; order: { id: number } | null }[];
  expect(rows.map(({ code }) => code)).toEqual(rows.map((_, i) => (i === 6 ? 'duplicate' : undefined)));
  const stored = rows.flatMap((row) => (row.order === null ? [] : [row.order]));
  const looked = () => edgeSpy?.texts.filter((text) => text.startsWith('select (select j.')).length ?? 0;
  const lookedBefore = looked();
  expect((await send(url, 'GET', '/api/v1/orders?sort=id&limit=100')).body.content).toEqual(stored);
  expect((await send(url, 'GET', '/api/v1/orders?orderType.abbreviation=SELL&sort=-id')).body.content).toEqual(stored.filter((one) => (one as unknown as { orderType: { id: number } }).orderType.id === 2).reverse());

  const made = await send(url, 'POST', '/api/v1/orders', Array.from({ length: SUBMITTED + 1 }, (_, i) => order(i === SUBMITTED ? { securityId: 'BAD'.padEnd(24, '0') } : {})));
  const ids = (made.body.orders as { orderId: number }[]).map(({ orderId }) => orderId);
  const refused = ids.pop() ?? 0;
  Object.assign(trades.faults, { fault: 'refuse-with-reasons', prefix: 'BAD', times: 1 });
  const submitted = await send(url, 'POST', '/api/v1/orders/batch/submit', { orderIds: [...ids, refused] });
  expect([submitted.status, submitted.body]).toMatchObject([207, { status: 'PARTIAL', successful: SUBMITTED, failed: 1 }]);
  expect((submitted.body.results as { code: string }[]).map(({ code }) => code)).toEqual([...ids.map(() => 'submitted'), 'refused-by-trade-service']);
  const after = await orderRows(databaseUrl, [...ids, refused]);
  expect(after.map(({ id, status, trade, version, inSubmission, flag }) => [id, status, trade, version, inSubmission, flag])).toEqual([...ids.map((id) => [id, 'SENT', trades.store.find(id)[0]?.id, 2, false, null]), [refused, 'NEW', null, 1, false, null]]);
  expect(trades.store.arrivals().filter(({ orderId, as }) => ids.includes(orderId) && as === 'accepted').map(({ times }) => times)).toEqual(ids.map(() => 1));
  expect((await send(url, 'GET', '/api/v1/verify')).body).toMatchObject({ holds: true, breaches: [] });
  const holding = (part: string) => edgeSpy?.texts.filter((text) => text.includes(part)).length ?? 0;
  return { metrics: submitted.body.metrics as Record<string, number>, insertsOfRows, lookUps: looked() - lookedBefore, loads: holding('where o.id = any($1::int8[])'), settles: holding('told as materialized') };
}

/** A submission whose call is held up at the door; what others see meanwhile. Then it goes on, and ends well. */
async function duringACall({ url, databaseUrl }: TestSystem, seen: (ids: readonly number[]) => Promise<void>): Promise<void> {
  const ids = await storeOrders(databaseUrl, 5);
  door.shut();
  const answer = send(url, 'POST', '/api/v1/orders/batch/submit', { orderIds: ids });
  await waitFor(() => door.waiting === 1, { ...LONG, what: 'the call to be at the door' });
  // Whatever becomes of this edge now: the orders are known to be on their way.
  expect((await orderRows(databaseUrl, ids)).map(({ inSubmission }) => inSubmission)).toEqual(ids.map(() => true));
  await seen(ids);
  door.letIn();
  expect(await answer).toMatchObject({ status: 200, body: { status: 'SUCCESS', successful: 5 } });
  expect((await orderRows(databaseUrl, ids)).map(({ status, version }) => [status, version])).toEqual(ids.map(() => ['SENT', 2]));
}
/** Connections that sit in a transaction and do nothing; `begun`: those whose last statement began like this. Other work has short ones too. */
const openTransactions = async (databaseUrl: string, begun = '') => (await query<{ pid: number }>(databaseUrl, `select pid from pg_stat_activity where datname = current_database() and state = 'idle in transaction' and starts_with(query, $1)`, [begun])).map(({ pid }) => pid);
const HELD = 'begin; set local';

test('all on: statements of whole chunks, no connection held across a call, and the figures of a submission in its answer and in the metrics', async () => {
  system = await startSystem({ settings: { tradeServiceUrl } });
  const { metrics, ...statements } = await smallFlow(system);
  expect(statements).toEqual({ insertsOfRows: 0, lookUps: 0, loads: 1, settles: 2 });
  expect(metrics).toMatchObject({ orders: SUBMITTED + 1, successes: SUBMITTED });
  expect(Object.keys(metrics).sort()).toEqual(['callMs', 'claimMs', 'loadMs', 'orders', 'successes', 'totalMs', 'updateMs', 'waitMs']);
  for (const step of ['loadMs', 'claimMs', 'callMs', 'updateMs'] as const) expect(metrics[step]).toBeGreaterThan(0);
  expect(metrics.totalMs).toBeGreaterThanOrEqual(Math.max(...['loadMs', 'claimMs', 'callMs', 'updateMs', 'waitMs'].map((step) => metrics[step] ?? Infinity)));
  const chunks = Math.ceil((SUBMITTED + 1) / CHUNK);
  for (const [action, times] of [['load', 1], ['claim', chunks], ['call', chunks], ['update', chunks], ['request', 1]] as const) expect([action, await metric(system.url, 'bulk_submission_seconds_count', { action })]).toEqual([action, times]);
  expect(await metric(system.url, 'bulk_submission_wait_seconds_count')).toBe(chunks);
  expect(await metric(system.url, 'bulk_submission_orders_total', { outcome: 'sent' })).toBe(SUBMITTED);
  expect(await metric(system.url, 'bulk_submission_orders_total', { outcome: 'refused' })).toBe(1);
  const { databaseUrl } = system;
  await duringACall(system, () => waitFor(async () => (await openTransactions(databaseUrl)).length === 0, { ...LONG, what: 'a moment without an open transaction' }).then(() => undefined));
}, TEST_MS);

test('BULK_FLUSH off: a statement a row, and the same answers', async () => {
  system = await startSystem({ settings: { tradeServiceUrl, bulkFlush: false } });
  expect(await smallFlow(system)).toMatchObject({ insertsOfRows: GOOD });
}, TEST_MS);

test('EAGER_LOADING off: a query a record, and the same answers', async () => {
  system = await startSystem({ settings: { tradeServiceUrl, eagerLoading: false } });
  // The list of all, and that of one.
  expect(await smallFlow(system)).toMatchObject({ lookUps: LISTED + 1, loads: SUBMITTED + 1 });
}, TEST_MS);

test('BATCHED_UPDATES off: a statement an order, and the same answers', async () => {
  system = await startSystem({ settings: { tradeServiceUrl, batchedUpdates: false } });
  expect(await smallFlow(system)).toMatchObject({ settles: SUBMITTED + 1 });
}, TEST_MS);

test('SPLIT_TRANSACTIONS off: a connection is held across the call, and the same answers, also where it breaks meanwhile', async () => {
  system = await startSystem({ settings: { tradeServiceUrl, splitTransactions: false } });
  const { databaseUrl } = system;
  await smallFlow(system);
  await duringACall(system, async () => expect(await openTransactions(databaseUrl, HELD)).toHaveLength(1));
  await duringACall(system, async () => {
    const [pid] = await openTransactions(databaseUrl, HELD);
    await query(databaseUrl, 'select pg_terminate_backend($1)', [pid]);
    await waitFor(async () => (await openTransactions(databaseUrl, HELD)).length === 0, { ...LONG, what: 'the connection to be gone' });
  });
  expect(await openTransactions(databaseUrl, HELD)).toEqual([]);

  // What gets no connection to keep is not claimed, and may be sent again.
  const { pool } = system.edge.context.database;
  const held = await Promise.all(Array.from({ length: pool.options.max - 1 }, () => pool.connect()));
  const ids = await storeOrders(databaseUrl, 3);
  let last: (typeof held)[number] | undefined;
  // The load gets the last one; then there is none.
  pool.once('release', () => void pool.connect().then((client) => (last = client)));
  const answer = await send(system.url, 'POST', '/api/v1/orders/batch/submit', { orderIds: ids });
  for (const client of [...held, ...(last === undefined ? [] : [last])]) client.release();
  expect([answer.status, (answer.body.results as { code: string }[]).map(({ code }) => code)]).toEqual([503, ids.map(() => 'database-away')]);
  expect((await orderRows(databaseUrl, ids)).map(({ inSubmission }) => inSubmission)).toEqual(ids.map(() => false));
  expect((await send(system.url, 'POST', '/api/v1/orders/batch/submit', { orderIds: ids })).status).toBe(200);
}, TEST_MS);

test('ASYNC_DELIVERY off: what is answered has been delivered, or the deadline is over and it is stored all the same', async () => {
  system = await startSystem({ relays: 1, settings: { tradeServiceUrl, asyncDelivery: false } });
  const { url, databaseUrl, relays } = system;
  const waiting = async (batchId: unknown) => (await query(databaseUrl, `select 1 from ledger where batch_id = $1 and state = 'waiting'`, [batchId])).length;
  await smallFlow(system);
  const batch = await send(url, 'POST', '/api/v1/executions/batch', { executions: [execution(), execution({ quantity: -1 })] });
  expect([batch.status, await waiting(batch.body.batchId)]).toEqual([207, 0]);
  const record = batch.body.results?.[0]?.execution;
  expect(record?.sentTimestamp).toEqual(expect.any(String));
  const changed = await send(url, 'PUT', `/api/v1/execution/${String(record?.id)}`, { quantityFilled: 5, averagePrice: 1, version: 1 });
  expect([changed.status, await waiting(changed.headers.get('sluice-batch-id'))]).toEqual([200, 0]);
  for (const relay of relays) await relay.stop();
  // On a slow machine even writing can take longer than that: then nothing was stored, and it is sent again.
  const late = await waitFor(async () => {
    const answer = await send(url, 'POST', '/api/v1/executions', execution(), { Prefer: 'wait=1' });
    return answer.status === 503 ? undefined : answer;
  }, { ...LONG, what: 'a record to be stored within its deadline' });
  expect([late.status, late.body.sentTimestamp, await waiting(late.headers.get('sluice-batch-id'))]).toEqual([201, null, 1]);
}, TEST_MS);
