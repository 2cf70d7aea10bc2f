import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { order } from '../helpers/order-items.ts';
import { send } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { spyOnStatements } from '../helpers/engine.ts';
import { waitFor } from '../helpers/wait-for.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem({ writers: 2 });
});
afterAll(() => system.stop());

interface Row {
  status: string;
  message: string;
  order?: Record<string, unknown> | null;
  orderId?: number;
  requestIndex: number;
  code?: string;
  errors?: { index: number; pointer: string; code: string }[];
}
interface Created {
  status: string;
  totalReceived: number;
  successful: number;
  failed: number;
  orders: Row[];
  batchId: string;
}
const create = async (items: unknown, headers: Record<string, string> = {}) => {
  const answer = await send(system.url, 'POST', '/api/v1/orders', items, headers);
  return { status: answer.status, headers: answer.headers, body: answer.body as unknown as Created, code: answer.body.code };
};
const get = (path: string) => send(system.url, 'GET', path);
const idOf = async (changes: Record<string, unknown> = {}) => (await create([order(changes)])).body.orders[0]?.orderId ?? 0;

test('an array of orders is stored, each answered in the order sent with the nested record', async () => {
  const { status, body } = await create([order(), order({ quantity: '1E+2', limitPrice: '12.34', blotterId: null, orderTypeId: 2 })]);
  expect(status).toBe(200);
  expect(body).toMatchObject({ status: 'SUCCESS', totalReceived: 2, successful: 2, failed: 0 });
  expect(body.orders.map(({ requestIndex }) => requestIndex)).toEqual([0, 1]);
  expect(body.orders[1]?.order).toEqual({
    id: body.orders[1]?.orderId, blotter: null, status: { id: 1, abbreviation: 'NEW', description: 'New' }, portfolio: { portfolioId: 'PORTFOLIO012345678901234', name: null },
    orderType: { id: 2, abbreviation: 'SELL', description: 'Sell' }, security: { securityId: 'SECURITY0123456789012345', ticker: null }, quantity: 100, limitPrice: 12.34,
    orderTimestamp: '2026-11-22T10:00:00.000Z', tradeOrderId: null, version: 1,
  });
  expect(body.orders[0]?.order).toMatchObject({ blotter: { id: 1, name: 'Default' }, limitPrice: null });
  const id = body.orders[0]?.orderId ?? 0;
  for (const path of [`/api/v1/order/${id}`, `/api/v1/orders/${id}`]) expect((await get(path)).body).toEqual(body.orders[0]?.order);
});

test('F2 F3 bad orders among good ones fail alone, each with its index, pointer and code', async () => {
  const taken = 1_000_000 + Math.floor(Math.random() * 1e6);
  await create([order({ tradeOrderId: taken })]);
  const items = [
    order(), order({ statusId: 99 }), order({ orderTypeId: 77 }), order({ blotterId: 66 }), order({ tradeOrderId: taken }), order({ quantity: 0 }), order({ portfolioId: 'short' }),
    order({ orderTimestamp: 'yesterday' }), order({ orderTimestamp: '2026-02-30T10:00:00Z' }), order({ statusId: '1' }), order({ colour: 'red' }), 5, order(),
  ];
  const { status, body } = await create(items);
  expect(status).toBe(207);
  expect(body).toMatchObject({ status: 'PARTIAL', totalReceived: 13, successful: 2, failed: 11 });
  expect(body.orders.map((row) => [row.requestIndex, row.status, row.errors?.[0]?.pointer, row.errors?.[0]?.code])).toEqual([
    [0, 'SUCCESS', undefined, undefined], [1, 'FAILURE', '/1/statusId', 'unknown-status'], [2, 'FAILURE', '/2/orderTypeId', 'unknown-order-type'], [3, 'FAILURE', '/3/blotterId', 'unknown-blotter'],
    [4, 'FAILURE', '/4/tradeOrderId', 'duplicate'], [5, 'FAILURE', '/5/quantity', 'range'], [6, 'FAILURE', '/6/portfolioId', 'length'], [7, 'FAILURE', '/7/orderTimestamp', 'format'], [8, 'FAILURE', '/8/orderTimestamp', 'format'],
    [9, 'FAILURE', '/9/statusId', 'type'], [10, 'FAILURE', '/10/colour', 'unknown-field'], [11, 'FAILURE', '/11', 'not-an-object'], [12, 'SUCCESS', undefined, undefined],
  ]);
  expect(body.orders.filter((row) => 'orderId' in row).map(({ requestIndex }) => requestIndex)).toEqual([0, 12]);
});

test('all bad is 207 and FAILURE; no array, an empty and a too long one are refused as a whole', async () => {
  expect(await create([order({ quantity: -1 })])).toMatchObject({ status: 207, body: { status: 'FAILURE', successful: 0, failed: 1 } });
  expect(await create({ orders: [] })).toMatchObject({ status: 400, code: 'not-an-array' });
  expect(await create([])).toMatchObject({ status: 400, code: 'empty-batch' });
  expect(await create(Array.from({ length: 1_001 }, () => 1))).toMatchObject({ status: 413, code: 'too-many-items' });
});

test('the same key gives the same orders again', async () => {
  const key = randomUUID();
  const [first, again] = [await create([order(), order({ quantity: 0 })], { 'Idempotency-Key': key }), await create([order(), order({ quantity: 0 })], { 'Idempotency-Key': key })];
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.body.orders).toEqual(first.body.orders);
  expect((await create([order()], { 'Idempotency-Key': key })).status).toBe(422);
});

test('F22 lists filter and sort by dotted names, in one query, with pages of up to 1,000', async () => {
  const portfolio = `LIST${Math.random().toString(36).slice(2, 12).padEnd(20, '0')}`.toUpperCase().slice(0, 24);
  const ids = [];
  for (const [orderTypeId, blotterId] of [[1, 2], [2, 3], [3, null], [4, 2]] as const) ids.push(await idOf({ portfolioId: portfolio, orderTypeId, blotterId }));
  const client = new pg.Client({ connectionString: system.databaseUrl });
  await client.connect();
  await client.query(`insert into portfolio_name (portfolio_id, name) values ($1, 'Pension fund')`, [portfolio]);
  await client.end();
  const list = async (search: string) => {
    const { status, body } = await get(`/api/v1/orders?${search}`);
    expect([search, status]).toEqual([search, 200]);
    return (body.content as { id: number; portfolio: { name: string } }[]).map(({ id }) => id);
  };
  const mine = 'portfolio.name=Pension fund';
  expect(await list(mine)).toEqual(ids);
  expect(await list(`${mine}&sort=-id`)).toEqual([...ids].reverse());
  expect(await list(`${mine}&sort=orderType.abbreviation`)).toEqual([ids[0], ids[3], ids[1], ids[2]]);
  expect(await list(`${mine}&blotter.name=Equity,Hold`)).toEqual([ids[0], ids[3]]);
  expect(await list(`${mine}&orderType.abbreviation=SELL&status.abbreviation=NEW`)).toEqual([ids[1]]);
  expect(await list(`${mine}&security.ticker=IBM`)).toEqual([]);
  expect(await list(`${mine}&sort=-security.ticker,quantity,orderTimestamp,blotter.name,status.abbreviation,portfolio.name`)).toHaveLength(4);
  expect((await get(`/api/v1/orders?${mine}&limit=2&offset=1`)).body.pagination).toMatchObject({ offset: 1, limit: 2, pageSize: 2, totalElements: 4, hasNext: true, hasPrevious: true });
  expect((await get('/api/v1/orders?limit=1000')).status).toBe(200);
  for (const search of ['limit=1001', 'limit=0', 'sort=colour', 'colour=red', 'sortBy=id']) expect([search, (await get(`/api/v1/orders?${search}`)).status]).toEqual([search, 400]);
});

test('F1 a page of orders is read by one statement, whatever its length', async () => {
  await create(Array.from({ length: 60 }, () => order()));
  const spy = spyOnStatements(system.edge.context.database.pool);
  await get('/api/v1/orders?limit=50&sort=-id');
  const pages = spy.texts.filter((text) => /from "orders"|"order_status"|"blotter"/.test(text) && !text.includes('count(*)') && !text.startsWith('explain'));
  expect(pages).toHaveLength(1);
  // Orders do not show when they were acknowledged: no look-up of it for each.
  expect(pages[0]).not.toContain('from ledger');
});

test('PUT takes the flat record under its version, answers the nested one, and tells who was first', async () => {
  const id = await idOf();
  const put = (changes: Record<string, unknown>, path = `/api/v1/order/${id}`) => send(system.url, 'PUT', path, order(changes));
  const changed = await put({ quantity: 7, statusId: 6, blotterId: null, limitPrice: 3.5 });
  expect(changed).toMatchObject({ status: 200, body: { id, status: { id: 6, abbreviation: 'HOLD' }, blotter: null, quantity: 7, limitPrice: 3.5, version: 2 } });
  expect(await put({})).toMatchObject({ status: 409, body: { code: 'version-conflict' } });
  expect(await put({ version: 2 }, `/api/v1/orders/${id}`)).toMatchObject({ status: 200, body: { version: 3 } });
  expect(await put({ version: 3, statusId: 99 })).toMatchObject({ status: 400, body: { errors: [{ pointer: '/statusId', code: 'unknown-status' }] } });
  expect(await put({ version: 3, id: id + 1 })).toMatchObject({ status: 400, body: { errors: [{ pointer: '/id' }] } });
  const taken = 3_000_000 + Math.floor(Math.random() * 1e6);
  await create([order({ tradeOrderId: taken })]);
  expect(await put({ version: 3, tradeOrderId: taken })).toMatchObject({ status: 409, body: { code: 'duplicate' } });
  expect(await put({ version: 3, version2: 1 })).toMatchObject({ status: 400 });
  expect((await put({}, '/api/v1/order/999999999')).status).toBe(404);
});

test('an order that is being submitted is not changed', async () => {
  const id = await idOf();
  await query(system.databaseUrl, `update orders set submission_id = '${randomUUID()}' where id = ${id}`);
  expect(await send(system.url, 'PUT', `/api/v1/order/${id}`, order())).toMatchObject({ status: 409, body: { code: 'in-submission' } });
});

test('lookup tables are told whole', async () => {
  expect((await get('/api/v1/statuses')).body).toContainEqual({ id: 1, abbreviation: 'NEW', description: 'New', version: 1 });
  expect((await get('/api/v1/orderTypes')).body).toContainEqual({ id: 2, abbreviation: 'SELL', description: 'Sell', version: 1 });
  expect((await get('/api/v1/blotters')).body).toEqual([{ id: 1, name: 'Default', version: 1 }, { id: 2, name: 'Equity', version: 1 }, { id: 3, name: 'Fixed Income', version: 1 }, { id: 4, name: 'Hold', version: 1 }, { id: 5, name: 'Crypto', version: 1 }]);
});

test('orders come as a large batch too, and the law holds over all of it', async () => {
  const lines = Array.from({ length: 3_000 }, (_, i) => `${JSON.stringify(order({ quantity: i % 100 }))}\n`).join('');
  const response = await fetch(`${system.url}/api/v1/batches/orders`, { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' }, body: lines });
  expect(await response.json()).toMatchObject({ accepted: 3_000, rejected: 30 });
  await waitFor(async () => (await get('/api/v1/verify')).body.holds === true, { timeoutMs: 20_000, what: 'the law to hold' });
});

test('DELETE takes an order away under its version: 204, then 404; with its key 204 again', async () => {
  const id = await idOf({ quantity: 3 });
  const remove = (search: string, headers: Record<string, string> = {}, path = `/api/v1/order/${id}`) => send(system.url, 'DELETE', `${path}${search}`, undefined, { 'Content-Type': 'application/json', ...headers });
  for (const search of ['', '?version=', '?version=x', '?version=0', '?version=1&version=2', '?version=1&colour=red']) expect([search, await remove(search)]).toMatchObject([search, { status: 400, body: { code: 'invalid-query' } }]);
  expect(await remove('?version=2')).toMatchObject({ status: 409, body: { code: 'version-conflict' } });
  const key = { 'Idempotency-Key': randomUUID() };
  const gone = await remove('?version=1', key);
  expect([gone.status, gone.text]).toEqual([204, '']);
  const again = await remove('?version=1', key, `/api/v1/order/${id}`);
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([204, 'true']);
  expect((await remove('?version=2', key)).status).toBe(422);
  expect((await remove('?version=1')).status).toBe(404);
  expect((await get(`/api/v1/order/${id}`)).status).toBe(404);
  expect(await send(system.url, 'PUT', `/api/v1/order/${id}`, order())).toMatchObject({ status: 404 });
  const other = await idOf();
  expect((await remove('?version=1', {}, `/api/v1/orders/${other}`)).status).toBe(204);
  expect((await remove('?version=1', {}, '/api/v1/orders/0')).status).toBe(400);
});

test('an order that is being submitted is not deleted', async () => {
  const id = await idOf();
  await query(system.databaseUrl, `update orders set submission_id = '${randomUUID()}' where id = ${id}`);
  expect(await send(system.url, 'DELETE', `/api/v1/order/${id}?version=1`)).toMatchObject({ status: 409, body: { code: 'in-submission' } });
  expect((await get(`/api/v1/order/${id}`)).status).toBe(200);
});

test('a deletion is in the ledger with the order as it was, and the law knows it: a row that came back, or was never there, breaks it', async () => {
  const [first, kept, last] = (await create([order({ quantity: '7.25' }), order(), order()])).body.orders.map(({ orderId }) => orderId ?? 0) as [number, number, number];
  await send(system.url, 'PUT', `/api/v1/order/${first}`, order({ quantity: '8.25' }));
  for (const [id, version] of [[first, 2], [last, 1]] as const) expect((await send(system.url, 'DELETE', `/api/v1/order/${id}?version=${version}`)).status).toBe(204);
  const [row] = await query<{ version: number; sink: string; payload: Record<string, unknown> }>(system.databaseUrl, `select version, sink, payload from ledger where kind = 'order' and op = 'delete' and first_id = ${first}`);
  expect(row).toMatchObject({ version: 3, sink: `kafka:${system.settings.orderEventsTopic}`, payload: { id: first, version: 3, quantity: 8.25, status: { id: 1, abbreviation: 'NEW' }, blotter: { name: 'Default' }, portfolio: { portfolioId: 'PORTFOLIO012345678901234', name: null } } });
  const verify = async () => (await get('/api/v1/verify')).body as unknown as { holds: boolean; kinds: { order: { deleted: number } }; breaches: { what: string; where: { id?: number } }[] };
  const sound = await verify();
  expect(sound.breaches).toEqual([]);
  expect(sound.kinds.order.deleted).toBeGreaterThanOrEqual(2);
  await query(system.databaseUrl, `insert into orders (id, status_id, portfolio_id, order_type_id, security_id, quantity, order_timestamp) values (${last}, 1, 'P', 1, 'S', 1, now())`);
  expect((await verify()).breaches).toMatchObject([{ what: 'deletion-lost', where: { kind: 'order', id: last } }]);
  await query(system.databaseUrl, `delete from orders where id in (${last}, ${kept})`);
  expect((await verify()).breaches).toMatchObject([{ what: 'row-missing', where: { kind: 'order', id: kept } }]);
  await query(system.databaseUrl, `insert into orders (id, status_id, portfolio_id, order_type_id, security_id, quantity, order_timestamp) values (${kept}, 1, 'P', 1, 'S', 1, now())`);
  await query(system.databaseUrl, `update ledger set version = 5 where kind = 'order' and op = 'delete' and first_id = ${first}`);
  expect((await verify()).breaches).toMatchObject([{ what: 'version-unexplained', where: { id: first } }]);
  await query(system.databaseUrl, `update ledger set version = 3 where kind = 'order' and op = 'delete' and first_id = ${first}`);
  expect((await verify()).holds).toBe(true);
});
