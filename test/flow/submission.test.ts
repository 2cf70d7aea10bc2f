import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTradeService, type TradeService } from '../../bin/trade-service/trade-service.ts';
import { send, type HttpAnswer } from '../helpers/http.ts';
import { orderRows, storeOrders } from '../helpers/orders.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Result {
  orderId: number | null;
  status: string;
  code: string;
  message: string;
  tradeOrderId: number | null;
  requestIndex: number;
}
const LONG = { timeoutMs: 60_000 };

let trades: TradeService;
let system: TestSystem;
beforeAll(async () => {
  trades = await startTradeService();
  system = await startSystem({ settings: { tradeServiceUrl: trades.url, tradeConnectTimeout: 500, tradeResponseTimeout: 1_000, submissionLease: 4_000, reconcileInterval: 200, tradeBreakerFailures: 1_000 } });
});
afterAll(async () => {
  await system.stop();
  await trades.close();
});
beforeEach(() => Object.assign(trades.faults, { fault: 'none', times: -1, prefix: '', latencyMs: 0, askErrorShare: 0, share: 1 }));

const submit = (orderIds: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer> => send(system.url, 'POST', '/api/v1/orders/batch/submit', { orderIds }, headers);
const results = (answer: HttpAnswer) => answer.body.results as unknown as Result[];
const rows = (ids: readonly number[]) => orderRows(system.databaseUrl, ids);
const store = (count: number, over: Record<string, unknown> = {}) => storeOrders(system.databaseUrl, count, over);
const there = (ids: readonly number[]) => ids.map((id) => trades.store.find(id).length);
const duplicates = () => trades.store.arrivals().filter((a) => a.as === 'duplicate').length;
const allSent = (ids: readonly number[]) => waitFor(async () => (await rows(ids)).every((r) => r.status === 'SENT'), { ...LONG, what: 'all orders to be sent' });

test('a batch of orders is submitted: 200, each SENT with its own trade order, version moved by one, in the order asked for', async () => {
  const ids = (await store(100)).reverse();
  const answer = await submit(ids);
  expect([answer.status, answer.body]).toMatchObject([200, { status: 'SUCCESS', totalRequested: 100, successful: 100, failed: 0, metrics: { orders: 100, successes: 100 } }]);
  expect(results(answer).map((r) => [r.orderId, r.requestIndex, r.status])).toEqual(ids.map((id, i) => [id, i, 'SUCCESS']));
  expect(results(answer).map((r) => r.tradeOrderId)).toEqual(ids.map((id) => trades.store.find(id)[0]?.id));
  expect((await rows(ids)).map((r) => [r.status, r.version, r.inSubmission])).toEqual(ids.map(() => ['SENT', 2, false]));
  expect((await rows(ids)).map((r) => r.trade)).toEqual([...ids].sort().map((id) => trades.store.find(id)[0]?.id));
});

test('a market order goes with a price of null, decimals with exactly their digits', async () => {
  const [market = 0] = await store(1, { limitPrice: null, quantity: '1234567890.12345678' });
  expect((await submit([market])).status).toBe(200);
  expect(trades.store.find(market)).toMatchObject([{ limitPrice: null, quantity: '1234567890.12345678', orderType: 'BUY', blotterId: 1 }]);
});

test('one order: 200 and the flat record; again 409, unknown 404, no id 400', async () => {
  const [id = 0] = await store(1);
  const one = await send(system.url, 'POST', `/api/v1/orders/${id}/submit`, undefined, { 'Content-Type': 'application/json' });
  expect([one.status, one.body]).toMatchObject([200, { id, statusId: 2, orderTypeId: 1, blotterId: 1, tradeOrderId: trades.store.find(id)[0]?.id, version: 2 }]);
  expect(one.text).toContain('"quantity":100.12345678');
  expect(await send(system.url, 'POST', `/api/v1/orders/${id}/submit`)).toMatchObject({ status: 409, body: { code: 'already-sent', tradeOrderId: trades.store.find(id)[0]?.id } });
  expect(await send(system.url, 'POST', '/api/v1/orders/99999999/submit')).toMatchObject({ status: 404, body: { code: 'not-found' } });
  expect(await send(system.url, 'POST', '/api/v1/orders/x/submit')).toMatchObject({ status: 400, body: { code: 'invalid-id' } });
});

describe('bad input', () => {
  test('each item is answered at its place: ids that are no numbers, given twice, unknown, sent, not NEW, in submission', async () => {
    const [good = 0, sent = 0] = await store(2);
    const [held = 0] = await store(1, { statusId: 6 });
    const [foreign = 0] = await store(1, { submissionId: '00000000-0000-7000-8000-000000000000' });
    await query(system.databaseUrl, `update orders set submission_until = now() + interval '3 seconds' where id = $1`, [foreign]);
    await submit([sent]);
    const answer = await submit([good, String(good), good, 99_999_999, sent, held, foreign, null, 1.5, 0, -1, { id: 1 }, [1], true, 12345678901234567890n.toString()], { Prefer: 'wait=1' });
    expect([answer.status, answer.body]).toMatchObject([207, { status: 'PARTIAL', totalRequested: 15, successful: 1, pending: 1, failed: 13 }]);
    expect(results(answer).map((r) => [r.requestIndex, r.status, r.code])).toEqual([
      [0, 'SUCCESS', 'submitted'], [1, 'FAILURE', 'type'], [2, 'FAILURE', 'duplicate'], [3, 'FAILURE', 'not-found'], [4, 'FAILURE', 'already-sent'], [5, 'FAILURE', 'not-new'],
      [6, 'PENDING', 'outcome-unknown'], [7, 'FAILURE', 'type'], [8, 'FAILURE', 'range'], [9, 'FAILURE', 'range'], [10, 'FAILURE', 'range'], [11, 'FAILURE', 'type'], [12, 'FAILURE', 'type'], [13, 'FAILURE', 'type'], [14, 'FAILURE', 'type'],
    ]);
    expect(results(answer)[4]?.tradeOrderId).toBe(trades.store.find(sent)[0]?.id);
    expect([there([good]), await rows([good])]).toMatchObject([[1], [{ status: 'SENT' }]]);
    // Its edge is gone: when the lease is over it is sent for it, once.
    await allSent([foreign]);
    expect([there([foreign]), trades.store.arrivals().filter((a) => a.orderId === foreign)]).toEqual([[1], [{ orderId: foreign, as: 'accepted', times: 1 }]]);
  });

  test('numbers beyond what is exact are refused at their place', async () => {
    const answer = await send(system.url, 'POST', '/api/v1/orders/batch/submit', '{"orderIds":[9007199254740993, 12345678901234567890]}', { 'Content-Type': 'application/json' });
    expect([answer.status, results(answer).map((r) => r.code)]).toEqual([400, ['range', 'range']]);
  });

  test.each([
    ['an empty list', '{"orderIds":[]}', 400, 'empty-batch'],
    ['too many', JSON.stringify({ orderIds: Array.from({ length: 101 }, (_, i) => i + 1) }), 413, 'too-many-items'],
    ['no list', '{"orderIds":7}', 400, 'not-an-array'],
    ['no such member', '{"ids":[1]}', 400, 'missing-member'],
    ['an array', '[1]', 400, 'missing-member'],
    ['no JSON', '{"orderIds":[1', 400, 'invalid-json'],
    ['nothing', '', 400, 'empty-body'],
  ])('%s: a problem, and nothing is sent', async (_, body, status, code) => {
    const before = trades.calls.bulk;
    expect(await send(system.url, 'POST', '/api/v1/orders/batch/submit', body, { 'Content-Type': 'application/json' })).toMatchObject({ status, body: { code } });
    expect(trades.calls.bulk).toBe(before);
  });

  test('when every order fails for what it is: 400, in the order asked for', async () => {
    expect(await submit([88_888_888, 88_888_889])).toMatchObject({ status: 400, body: { status: 'FAILURE', successful: 0, failed: 2, results: [{ requestIndex: 0, code: 'not-found' }, { requestIndex: 1, code: 'not-found' }] } });
  });
});

describe('refusals of the trade service', () => {
  test('with reasons: those fail with their reason and are NEW again, the rest is sent', async () => {
    const good = await store(5);
    const bad = await store(2, { security: 'BAD' });
    Object.assign(trades.faults, { fault: 'refuse-with-reasons', prefix: 'BAD' });
    const answer = await submit([...good, ...bad]);
    expect([answer.status, results(answer).map((r) => r.status)]).toEqual([207, [...good.map(() => 'SUCCESS'), 'FAILURE', 'FAILURE']]);
    expect(results(answer)[5]).toMatchObject({ code: 'refused-by-trade-service', message: expect.stringContaining('refused on demand') as string });
    expect((await rows(bad)).map((r) => [r.status, r.version, r.inSubmission])).toEqual([['NEW', 1, false], ['NEW', 1, false]]);
    trades.faults.fault = 'none';
    expect((await submit(bad)).status).toBe(200);
  });

  test('without reasons: the guilty orders are found by halving, all others are sent, none twice', async () => {
    const orders = await store(20);
    const [bad = 0] = await store(1, { security: 'WORSE' });
    orders.splice(13, 0, bad);
    Object.assign(trades.faults, { fault: 'refuse', prefix: 'WORSE' });
    const answer = await submit(orders);
    expect(results(answer).map((r) => r.status)).toEqual(orders.map((id) => (id === bad ? 'FAILURE' : 'SUCCESS')));
    expect(there(orders)).toEqual(orders.map((id) => (id === bad ? 0 : 1)));
  });

  test('a refusal of what it has already taken is not believed: the trade order that is there is adopted', async () => {
    const ids = await store(3);
    const taken = trades.store.insert([{ orderId: ids[1] as number, portfolioId: 'P', orderType: 'BUY', securityId: 'S', quantity: '1', limitPrice: null, tradeTimestamp: '', blotterId: null }]);
    const answer = await submit(ids);
    expect([answer.status, results(answer)[1]?.tradeOrderId]).toEqual([200, 'stored' in taken ? taken.stored[0]?.id : 0]);
    expect(there(ids)).toEqual([1, 1, 1]);
  });
});

describe('F19 F20 outcomes that the answer does not tell', () => {
  test('F20 an answer in another order shifts no id', async () => {
    const ids = await store(60);
    trades.faults.fault = 'shuffle';
    expect(results(await submit(ids)).map((r) => r.tradeOrderId)).toEqual(ids.map((id) => trades.store.find(id)[0]?.id));
  });

  test.each(['die-after', 'error-after', 'broken-json', 'hang-after'] as const)('F19 %s: the orders are there; they are asked for and never sent again, and the client is told the truth', async (fault) => {
    const before = duplicates();
    const ids = await store(3);
    Object.assign(trades.faults, { fault, times: 1 });
    const answer = await submit(ids);
    expect([answer.status, results(answer).map((r) => r.tradeOrderId)]).toEqual([200, ids.map((id) => trades.store.find(id)[0]?.id)]);
    expect([there(ids), duplicates() - before, await rows(ids)]).toMatchObject([[1, 1, 1], 0, ids.map(() => ({ status: 'SENT', version: 2 }))]);
  });

  test.each(['die-before', 'error', 'hang'] as const)('%s: the orders are not there; they are sent again, but only once the lease is over', async (fault) => {
    const before = duplicates();
    const ids = await store(2);
    Object.assign(trades.faults, { fault, times: 1 });
    const [id = 0] = ids;
    const answer = submit(ids);
    await waitFor(async () => (await rows(ids)).every((r) => r.flag === 'unknown'), { ...LONG, what: 'the outcome to be unknown' });
    const [{ left } = { left: 0 }] = await query<{ left: number }>(system.databaseUrl, 'select extract(epoch from submission_until - now())::float as left from orders where id = $1', [id]);
    expect([left > 0, there(ids)]).toEqual([true, [0, 0]]);
    expect((await answer).status).toBe(200);
    expect([there(ids), duplicates() - before]).toEqual([[1, 1], 0]);
  });

  test('an answer that leaves some out: those are asked for', async () => {
    const ids = await store(4);
    const [left = 0] = await store(1, { security: 'LEFT' });
    Object.assign(trades.faults, { fault: 'drop', prefix: 'LEFT', times: 1 });
    expect((await submit([...ids, left])).status).toBe(200);
    expect(there([...ids, left])).toEqual([1, 1, 1, 1, 1]);
  });

  test('a deadline tells PENDING, never failed; the work goes on, and asking again tells its end', async () => {
    const ids = await store(2);
    trades.faults.latencyMs = 700;
    const answer = await submit(ids, { Prefer: 'wait=0' });
    expect([answer.status, results(answer).map((r) => [r.status, r.code])]).toEqual([207, [['PENDING', 'outcome-unknown'], ['PENDING', 'outcome-unknown']]]);
    expect((await submit(ids)).status).toBe(200);
    expect([there(ids), await rows(ids)]).toMatchObject([[1, 1], [{ status: 'SENT' }, { status: 'SENT' }]]);
  });
});

describe('F18 many at once', () => {
  test('F18 100 clients that submit the same 50 orders at once all get the true answer, and each order reaches the trade service once', async () => {
    const ids = await store(50);
    trades.faults.latencyMs = 50;
    const before = trades.calls.bulk;
    const answers = await Promise.all(Array.from({ length: 100 }, () => submit(ids)));
    const expected = ids.map((id) => trades.store.find(id)[0]?.id);
    // Who came when it was over is told that, with the same trade orders.
    expect(answers.filter((a) => JSON.stringify(results(a).map((r) => r.tradeOrderId)) !== JSON.stringify(expected))).toEqual([]);
    expect(answers.flatMap((a) => results(a).map((r) => r.code)).filter((code) => code !== 'submitted' && code !== 'already-sent')).toEqual([]);
    expect(answers.filter((a) => a.status === 200).length).toBeGreaterThan(1);
    expect(trades.store.arrivals().filter((a) => ids.includes(a.orderId)).map((a) => [a.as, a.times])).toEqual(ids.map(() => ['accepted', 1]));
    expect(trades.calls.bulk - before).toBe(1);
  });

  test('F18 the same over two edges: whoever comes second waits for what the first finds out', async () => {
    const other = await system.join('edge');
    const address = (other.broker.getLocalService('gateway') as unknown as { server: Server }).server.address() as AddressInfo;
    const ids = await store(50);
    trades.faults.latencyMs = 300;
    const ask = (url: string) => send(url, 'POST', '/api/v1/orders/batch/submit', { orderIds: ids });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(i % 2 === 0 ? system.url : `http://127.0.0.1:${address.port}`)));
    const expected = ids.map((id) => trades.store.find(id)[0]?.id);
    expect(answers.map((a) => [a.status, results(a).map((r) => r.tradeOrderId)])).toEqual(answers.map(() => [200, expected]));
    expect(trades.store.arrivals().filter((a) => ids.includes(a.orderId)).map((a) => [a.as, a.times])).toEqual(ids.map(() => ['accepted', 1]));
    await other.stop();
  });

  test('F10 no connection is held across a call: while many calls are under way, none of the pool is in use, and no transaction is open', async () => {
    const ids = await store(20);
    trades.faults.latencyMs = 900;
    const before = trades.calls.bulk;
    const answers = ids.map((id) => submit([id]));
    await waitFor(() => trades.calls.bulk - before >= 15, { ...LONG, what: '15 calls to be under way' });
    const { pool } = system.edge.context.database;
    await waitFor(() => pool.totalCount === pool.idleCount, { ...LONG, what: 'every connection to be idle while calls are under way' });
    expect(await query(system.databaseUrl, `select pid from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`)).toEqual([]);
    expect((await Promise.all(answers)).map((a) => a.status)).toEqual(ids.map(() => 200));
    expect(trades.calls.most).toBeLessThanOrEqual(15);
  });
});

describe('Idempotency-Key', () => {
  const key = () => ({ 'Idempotency-Key': `k${Math.random()}` });

  test('a repeat is answered as the first was, and sends nothing; another body is 422', async () => {
    const ids = await store(2);
    const bad = await store(1, { security: 'KEYED' });
    Object.assign(trades.faults, { fault: 'refuse-with-reasons', prefix: 'KEYED' });
    const headers = key();
    const first = await submit([...ids, ...bad], headers);
    trades.faults.fault = 'none';
    const before = trades.calls.bulk;
    const again = await submit([...ids, ...bad], headers);
    expect([first.status, again.status, again.headers.get('idempotency-replayed'), results(again)]).toEqual([207, 207, 'true', results(first)]);
    expect(trades.calls.bulk).toBe(before);
    expect(await submit(ids, headers)).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
  });

  test('the same key twice at once: one does the work, the other waits for its answer', async () => {
    const ids = await store(3);
    trades.faults.latencyMs = 300;
    const headers = key();
    const [one, other] = await Promise.all([submit(ids, headers), submit(ids, headers)]);
    expect([one.status, other.status, results(one)]).toEqual([200, 200, results(other)]);
    expect(there(ids)).toEqual([1, 1, 1]);
  });

  test('what was PENDING in the first answer is told as it is now', async () => {
    const ids = await store(1);
    trades.faults.latencyMs = 500;
    const headers = key();
    expect(results(await submit(ids, { ...headers, Prefer: 'wait=0' }))).toMatchObject([{ status: 'PENDING' }]);
    await allSent(ids);
    expect(results(await submit(ids, headers))).toMatchObject([{ status: 'SUCCESS', tradeOrderId: trades.store.find(ids[0] as number)[0]?.id }]);
  });

  test('when the edge died before it could answer, a repeat tells what it had sent as sent, and does the rest', async () => {
    const [sent = 0, left = 0] = await store(2);
    const headers = key();
    await submit([sent, left], headers);
    // As if the edge had died after the first of two orders, with no answer kept.
    await query(system.databaseUrl, `update submission_request set answer = null, until = now() where id = (select batch_id from idempotency where key = $1)`, [headers['Idempotency-Key']]);
    const again = await submit([sent, left], headers);
    expect([again.status, results(again).map((r) => r.status)]).toEqual([200, ['SUCCESS', 'SUCCESS']]);
    expect(there([sent, left])).toEqual([1, 1]);
  });

  test('a request that did nothing leaves its key free', async () => {
    const ids = await store(1);
    const headers = key();
    await query(system.databaseUrl, `alter table orders rename to orders_away`);
    expect(await submit(ids, headers)).toMatchObject({ status: 503, body: { results: [{ code: 'database-away' }] } });
    await query(system.databaseUrl, `alter table orders_away rename to orders`);
    expect((await submit(ids, headers)).status).toBe(200);
  });
});

test('F4 a trade order that belongs to another order already is flagged for a person, and holds up none of the others', async () => {
  const ids = await store(6);
  const clashing = ids[2] as number;
  const nextId = Math.max(0, ...trades.store.all().map((o) => o.id)) + 1;
  await store(1, { statusId: 2, tradeOrderId: nextId + 2 });
  const answer = await submit(ids);
  expect(results(answer).map((r) => r.status)).toEqual(ids.map((id) => (id === clashing ? 'PENDING' : 'SUCCESS')));
  expect((await rows([clashing]))[0]).toMatchObject({ status: 'NEW', inSubmission: true, flag: 'clash' });
  expect(there(ids)).toEqual(ids.map(() => 1));
});
