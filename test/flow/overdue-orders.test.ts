import { randomUUID } from 'node:crypto';
import { startTradeService, type TradeService } from '../../bin/trade-service/trade-service.ts';
import { runSluice } from '../bin/run-sluice.ts';
import { send } from '../helpers/http.ts';
import { orderRows, storeOrders } from '../helpers/orders.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

let trades: TradeService;
let system: TestSystem;
beforeAll(async () => {
  trades = await startTradeService();
  // The reconciler would end by itself what the trade service has: here it looks once, at the start.
  system = await startSystem({ settings: { tradeServiceUrl: trades.url, tradeConnectTimeout: 500, tradeResponseTimeout: 1_000, submissionLease: 4_000, reconcileInterval: 600_000, tradeBreakerFailures: 1_000 } });
});
afterAll(async () => {
  await system.stop();
  await trades.close();
});
beforeEach(() => Object.assign(trades.faults, { askErrorShare: 0 }));

/** An order whose submission has no known end, flagged for a person. */
async function overdue(flag: 'overdue' | 'clash' = 'overdue'): Promise<number> {
  const [id = 0] = await storeOrders(system.databaseUrl, 1, { submissionId: randomUUID() });
  await query(system.databaseUrl, `update orders set submission_flag = $2, submission_until = null, submission_started = now() - interval '1 hour' where id = $1`, [id, flag]);
  return id;
}
/** The trade service has it after all. */
const taken = (orderId: number): number => {
  const made = trades.store.insert([{ orderId, portfolioId: 'P'.repeat(24), orderType: 'BUY', securityId: 'S'.repeat(24), quantity: '1', limitPrice: null, tradeTimestamp: '2026-11-22T10:00:00Z', blotterId: 1 }]);
  return 'stored' in made ? (made.stored[0]?.id ?? 0) : 0;
};
const settle = (id: number, body: Record<string, unknown>) => send(system.url, 'POST', `/api/v1/overdue-orders/${id}/settle`, body);
const row = async (id: number) => (await orderRows(system.databaseUrl, [id]))[0];
const audited = (id: number) => query<{ detail: Record<string, unknown> }>(system.databaseUrl, `select detail from audit where operation = 'orders.settle' and (target->>'order')::int = $1`, [id]);

test('what waits for a person is listed: overdue orders and those that clash, no others', async () => {
  const [first, second] = [await overdue(), await overdue('clash')];
  await storeOrders(system.databaseUrl, 1, { submissionId: randomUUID() });
  const { status, body } = await send(system.url, 'GET', '/api/v1/overdue-orders');
  expect(status).toBe(200);
  expect((body.orders as { id: number; flag: string; since: string }[]).map(({ id, flag }) => [id, flag])).toEqual([[first, 'overdue'], [second, 'clash']]);
});

test('an order that the trade service has is settled as sent, with the trade order that it names, told of like any other, and noted', async () => {
  const id = await overdue();
  const trade = taken(id);
  expect(await settle(id, { as: 'sent', dryRun: true })).toMatchObject({ status: 200, body: { dryRun: true, outcome: 'sent', tradeOrderId: trade, tradeService: { answer: 'known', tradeOrderIds: [trade] } } });
  expect(await row(id)).toMatchObject({ status: 'NEW', flag: 'overdue' });
  expect(await settle(id, { as: 'sent', why: 'a test' })).toMatchObject({ status: 200, body: { orderId: id, from: 'overdue', outcome: 'sent', tradeOrderId: trade, forced: false } });
  expect(await row(id)).toEqual({ id, status: 'SENT', trade, version: 2, inSubmission: false, flag: null });
  expect(await audited(id)).toMatchObject([{ detail: { as: 'sent', tradeOrderId: trade, forced: false, why: 'a test' } }]);
  expect(await query(system.databaseUrl, `select 1 from ledger where kind = 'order' and op = 'update' and first_id = $1 and version = 2`, [id])).toHaveLength(1);
  expect(await settle(id, { as: 'new' })).toMatchObject({ status: 409, body: { code: 'not-overdue', tradeOrderId: trade } });
});

test('F18 an order is free again only if the trade service does not have it; then it can be submitted, once', async () => {
  const [there, away] = [await overdue(), await overdue()];
  taken(there);
  expect(await settle(there, { as: 'new' })).toMatchObject({ status: 409, body: { code: 'trade-service-disagrees', tradeService: { answer: 'known' } } });
  trades.faults.askErrorShare = 1;
  expect(await settle(away, { as: 'new' })).toMatchObject({ status: 409, body: { code: 'trade-service-away', tradeService: { answer: 'unavailable', why: 'http-500' } } });
  expect([await row(there), await row(away)]).toMatchObject([{ flag: 'overdue' }, { flag: 'overdue' }]);
  trades.faults.askErrorShare = 0;
  expect((await settle(away, { as: 'new' })).status).toBe(200);
  expect(await row(away)).toMatchObject({ status: 'NEW', version: 1, inSubmission: false, flag: null });
  expect((await send(system.url, 'POST', '/api/v1/orders/batch/submit', { orderIds: [away] })).status).toBe(200);
  expect(trades.store.find(away)).toHaveLength(1);
});

test('by force it is done against the trade service, and the audit says so; a trade order that another order has is refused even then', async () => {
  const [first, second, third] = [await overdue(), await overdue(), await overdue()];
  trades.faults.askErrorShare = 1;
  expect((await settle(first, { as: 'sent', tradeOrderId: 990_001 })).status).toBe(409);
  expect(await settle(first, { as: 'sent', tradeOrderId: 990_001, force: true })).toMatchObject({ status: 200, body: { forced: true } });
  expect(await row(first)).toMatchObject({ status: 'SENT', trade: 990_001 });
  expect(await settle(second, { as: 'new', force: true, why: 'told by phone' })).toMatchObject({ status: 200, body: { outcome: 'released', forced: true } });
  expect(await audited(second)).toMatchObject([{ detail: { forced: true, why: 'told by phone', tradeService: { answer: 'unavailable' } } }]);
  expect(await settle(third, { as: 'sent', tradeOrderId: 990_001, force: true })).toMatchObject({ status: 409, body: { code: 'trade-order-taken' } });
  expect([await row(third), await audited(third)]).toMatchObject([{ flag: 'overdue' }, []]);
});

test('what is not there, is under way, or is asked for wrongly is refused', async () => {
  expect(await settle(2_000_000_000, { as: 'new' })).toMatchObject({ status: 404, body: { code: 'not-found' } });
  const id = await overdue();
  expect((await settle(id, { as: 'old' })).status).toBe(400);
  expect((await settle(id, {})).status).toBe(400);
  await query(system.databaseUrl, `update orders set submission_until = now() + interval '3 seconds' where id = $1`, [id]);
  expect(await settle(id, { as: 'new', force: true })).toMatchObject({ status: 409, body: { code: 'in-submission' } });
  await waitFor(async () => (await settle(id, { as: 'new' })).status === 200, { timeoutMs: 60_000, what: 'the lease to be over' });
});

test('sluice orders overdue and settle do the same from a terminal, and show what the trade service says', async () => {
  const id = await overdue();
  const trade = taken(id);
  const run = (...args: string[]) => runSluice(['orders', ...args, '--url', system.url]);
  expect((await run('overdue')).out).toMatch(new RegExp(`${id}\\s+overdue`));
  const refused = await run('settle', String(id), 'new');
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining(`as ${trade}`)]);
  const dry = await run('settle', String(id), 'sent', '--dry-run');
  expect(dry.out).toBe(`The trade service says: it has the order as ${trade}.\nOrder ${id} would be SENT as trade order ${trade}. Nothing was changed.\n`);
  expect((await run('settle', String(id), 'sent', '--why', 'it is there')).out).toContain(`Order ${id} is SENT as trade order ${trade}.`);
});
