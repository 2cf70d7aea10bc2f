import { startTradeService, type TradeService } from '../../bin/trade-service/trade-service.ts';
import { send } from '../helpers/http.ts';
import { order } from '../helpers/order-items.ts';
import { orderRows, storeOrders } from '../helpers/orders.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Result {
  orderId: number | null;
  status: string;
  code: string;
  tradeOrderId: number | null;
  requestIndex: number;
}

let trades: TradeService;
let system: TestSystem;
beforeAll(async () => {
  trades = await startTradeService();
  system = await startSystem({ settings: { tradeServiceUrl: trades.url, maxSubmitOrders: 10, maxOrders: 10 } });
});
afterAll(async () => {
  await system.stop();
  await trades.close();
});
beforeEach(() => Object.assign(trades.faults, { latencyMs: 0 }));

const store = (count: number, over: Record<string, unknown> = {}) => storeOrders(system.databaseUrl, count, over);
const submit = async (orderIds: unknown[]) => {
  const { status, body } = await send(system.url, 'POST', '/api/v1/orders/batch/submit', { orderIds });
  return { status, body, results: (body.results ?? []) as unknown as Result[] };
};
const remove = (id: number, version = 1) => send(system.url, 'DELETE', `/api/v1/order/${id}?version=${version}`);
const put = (id: number, changes: Record<string, unknown>) => send(system.url, 'PUT', `/api/v1/order/${id}`, order(changes));

test('an order that was deleted before is told not to be there, at its place; the others are sent', async () => {
  const [first = 0, gone = 0, last = 0] = await store(3);
  expect((await remove(gone)).status).toBe(204);
  const { status, results } = await submit([first, gone, last]);
  expect([status, results.map((r) => [r.requestIndex, r.orderId, r.status, r.code])]).toEqual([207, [[0, first, 'SUCCESS', 'submitted'], [1, gone, 'FAILURE', 'not-found'], [2, last, 'SUCCESS', 'submitted']]]);
  expect(trades.store.find(gone)).toEqual([]);
  expect(await send(system.url, 'POST', `/api/v1/orders/${gone}/submit`)).toMatchObject({ status: 404, body: { code: 'not-found' } });
});

test('orders that are submitted and deleted at once: each is either gone and never sent, or sent and still there, and everybody is told the truth', async () => {
  trades.faults.latencyMs = 50;
  for (let round = 0; round < 3; round++) {
    const ids = await store(10);
    const [answer, ...deletions] = await Promise.all([submit(ids), ...ids.map((id) => remove(id))]);
    const rows = new Map((await orderRows(system.databaseUrl, ids)).map((row) => [row.id, row]));
    expect(answer.results.map((r) => [r.requestIndex, r.orderId])).toEqual(ids.map((id, i) => [i, id]));
    for (const [i, id] of ids.entries()) {
      const deleted = deletions[i]?.status;
      expect([204, 409]).toContain(deleted);
      expect([id, answer.results[i]?.status, answer.results[i]?.code]).toEqual(deleted === 409 ? [id, 'SUCCESS', 'submitted'] : [id, 'FAILURE', 'not-found']);
      expect([rows.get(id)?.status, trades.store.find(id).length]).toEqual(deleted === 409 ? ['SENT', 1] : [undefined, 0]);
    }
  }
});

test('while an order is in submission, a change or deletion of it is 409 and says so; after it, the version is another', async () => {
  trades.faults.latencyMs = 4_000;
  const [id = 0] = await store(1);
  const sending = submit([id]);
  await waitFor(async () => (await orderRows(system.databaseUrl, [id]))[0]?.inSubmission === true, { timeoutMs: 60_000, what: 'the order to be in submission' });
  expect(await Promise.all([put(id, { version: 1 }), remove(id)])).toMatchObject([{ status: 409, body: { code: 'in-submission' } }, { status: 409, body: { code: 'in-submission' } }]);
  expect((await sending).status).toBe(200);
  expect(await Promise.all([put(id, { version: 1 }), remove(id)])).toMatchObject([{ status: 409, body: { code: 'version-conflict' } }, { status: 409, body: { code: 'version-conflict' } }]);
});

test('a change to what is not there, or to another order\'s trade order, is refused with its member named, and changes nothing', async () => {
  const [id = 0] = await store(1);
  await store(1, { statusId: 2, tradeOrderId: 880_001 });
  const wrong = [[{ blotterId: 99 }, 400, '/blotterId', 'unknown-blotter'], [{ statusId: 99 }, 400, '/statusId', 'unknown-status'], [{ orderTypeId: 99 }, 400, '/orderTypeId', 'unknown-order-type'], [{ tradeOrderId: 880_001 }, 409, '/tradeOrderId', 'duplicate']] as const;
  for (const [changes, status, pointer, code] of wrong) {
    const answer = await put(id, { ...changes, version: 1 });
    expect([answer.status, answer.body.errors?.map((error) => [error.pointer, error.code])]).toEqual([status, [[pointer, code]]]);
  }
  expect(await query(system.databaseUrl, 'select version from orders where id = $1', [id])).toEqual([{ version: 1 }]);
  expect((await put(id, { limitPrice: null, blotterId: null, version: 1 })).body).toMatchObject({ limitPrice: null, blotter: null, version: 2 });
});

test('lists are taken up to their limits and not beyond; one more refuses the whole, and nothing of it is done', async () => {
  const ids = await store(11);
  expect(await send(system.url, 'POST', '/api/v1/orders/batch/submit', { orderIds: ids })).toMatchObject({ status: 413, body: { code: 'too-many-items' } });
  expect(ids.flatMap((id) => trades.store.find(id))).toEqual([]);
  expect((await submit(ids.slice(0, 10))).status).toBe(200);
  const orders = (count: number) => send(system.url, 'POST', '/api/v1/orders', Array.from({ length: count }, () => order()));
  expect(await orders(11)).toMatchObject({ status: 413, body: { code: 'too-many-items' } });
  expect(await orders(10)).toMatchObject({ status: 200, body: { totalReceived: 10, successful: 10 } });
});

test('ids at the edges of what a number holds are asked for like any other, and are not there', async () => {
  const { status, results } = await submit([2_147_483_647, 2_147_483_648, Number.MAX_SAFE_INTEGER, 0, 1e15]);
  expect([status, results.map((r) => [r.requestIndex, r.code])]).toEqual([400, [[0, 'not-found'], [1, 'not-found'], [2, 'not-found'], [3, 'range'], [4, 'not-found']]]);
});

test('the same order twice in one list, at both ends, is sent once; the second place says where its answer is', async () => {
  const [id = 0, other = 0] = await store(2);
  const { status, results } = await submit([id, other, id]);
  expect([status, results.map((r) => [r.requestIndex, r.code])]).toEqual([207, [[0, 'submitted'], [1, 'submitted'], [2, 'duplicate']]]);
  expect(trades.store.arrivals().filter(({ orderId }) => orderId === id)).toEqual([{ orderId: id, as: 'accepted', times: 1 }]);
});
