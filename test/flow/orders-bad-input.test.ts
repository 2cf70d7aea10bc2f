import { send } from '../helpers/http.ts';
import { order } from '../helpers/order-items.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';

interface Row {
  status: string;
  orderId?: number;
  requestIndex: number;
  order: { id: number; limitPrice: number | null; version: number } | null;
  errors?: { index: number; pointer: string; code: string }[];
}

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem({ writers: 1 });
});
afterAll(() => system.stop());

const create = async (items: readonly unknown[]) => {
  const { status, body } = await send(system.url, 'POST', '/api/v1/orders', items);
  return { status, state: body.status, rows: body.orders as Row[] };
};
const verdicts = (rows: readonly Row[]) => rows.map((row) => [row.requestIndex, row.errors?.[0]?.index, row.errors?.[0]?.pointer, row.errors?.[0]?.code]);
const fresh = () => 1_000_000 + Math.floor(Math.random() * 1e9);

test('wrong JSON types, and numbers out of their range, for every id: each at its own index and pointer', async () => {
  const bad = ['1', 1.5, true, [1], { id: 1 }, 0, -1, 2_147_483_648, 1e300];
  const ids = ['blotterId', 'statusId', 'orderTypeId', 'tradeOrderId'];
  const items = ids.flatMap((name) => bad.map((value) => order({ [name]: value })));
  const { status, state, rows } = await create([...items, order()]);
  expect([status, state]).toEqual([207, 'PARTIAL']);
  expect(rows.slice(0, -1).map((row) => [row.status, row.requestIndex, row.errors?.[0]?.pointer])).toEqual(ids.flatMap((name, at) => bad.map((_, i) => ['FAILURE', at * bad.length + i, `/${at * bad.length + i}/${name}`])));
  expect([...new Set(rows.flatMap((row) => row.errors?.map(({ code }) => code) ?? []))].sort()).toEqual(['range', 'type']);
  expect(rows.at(-1)).toMatchObject({ status: 'SUCCESS', requestIndex: items.length });
});

test('what must be there and is missing or null is told; a null or absent limit price is a market order, a null blotter is none', async () => {
  const needed = ['statusId', 'portfolioId', 'orderTypeId', 'securityId', 'quantity', 'orderTimestamp'];
  const { rows } = await create([...needed.map((name) => order({ [name]: null })), ...needed.map((name) => order({ [name]: undefined }))]);
  expect(verdicts(rows)).toEqual([...needed, ...needed].map((name, i) => [i, i, `/${i}/${name}`, 'required']));
  const good = await create([order({ limitPrice: null }), order({ limitPrice: undefined }), order({ blotterId: null }), order({ blotterId: undefined, tradeOrderId: undefined, version: undefined })]);
  expect([good.status, good.rows.map((row) => row.order?.limitPrice)]).toEqual([200, [null, null, null, null]]);
});

test('F6 text and decimals that the database could not hold fail alone', async () => {
  const id = (text: string) => text.padEnd(24, 'X');
  const { status, rows } = await create([
    order({ portfolioId: id('A\u0000') }), order({ securityId: `${'S'.repeat(23)}\ud800` }), order({ securityId: 'S'.repeat(25) }), order({ portfolioId: '' }), order({ portfolioId: 5 }),
    order({ quantity: '99999999999' }), order({ quantity: '1.123456789' }), order({ limitPrice: 0 }), order({ limitPrice: 'abc' }), order({ quantity: true }), order({ orderTimestamp: 5 }), order({ orderTimestamp: '2026-11-22T10:00:00' }), order(),
  ]);
  expect(status).toBe(207);
  expect(rows.map((row) => [row.status, row.errors?.[0]?.pointer])).toEqual([
    ...['portfolioId', 'securityId', 'securityId', 'portfolioId', 'portfolioId', 'quantity', 'quantity', 'limitPrice', 'limitPrice', 'quantity', 'orderTimestamp', 'orderTimestamp'].map((name, i) => ['FAILURE', `/${i}/${name}`]),
    ['SUCCESS', undefined],
  ]);
});

test('F3 a tradeOrderId that stands twice in one request, or that another order has: one order has it, the others are told', async () => {
  const [twice, taken] = [fresh(), fresh()];
  await create([order({ tradeOrderId: taken })]);
  const { status, rows } = await create([order(), order({ tradeOrderId: twice }), order({ tradeOrderId: taken }), order(), order({ tradeOrderId: twice }), order({ statusId: 11 }), order({ orderTypeId: 6 }), order({ blotterId: 6 }), order()]);
  expect(status).toBe(207);
  expect(rows.map((row) => [row.requestIndex, row.status, row.errors?.[0]?.pointer, row.errors?.[0]?.code])).toEqual([
    [0, 'SUCCESS', undefined, undefined], [1, 'SUCCESS', undefined, undefined], [2, 'FAILURE', '/2/tradeOrderId', 'duplicate'], [3, 'SUCCESS', undefined, undefined], [4, 'FAILURE', '/4/tradeOrderId', 'duplicate'],
    [5, 'FAILURE', '/5/statusId', 'unknown-status'], [6, 'FAILURE', '/6/orderTypeId', 'unknown-order-type'], [7, 'FAILURE', '/7/blotterId', 'unknown-blotter'], [8, 'SUCCESS', undefined, undefined],
  ]);
  expect(rows.every((row) => (row.status === 'SUCCESS') === (row.orderId !== undefined && row.order?.id === row.orderId))).toBe(true);
  expect(await query(system.databaseUrl, 'select count(*)::int as n from orders where trade_order_id = $1', [twice])).toEqual([{ n: 1 }]);
});

test.each([
  ['nothing', '', 400, 'empty-body'],
  ['no JSON', '[{"statusId":1', 400, 'invalid-json'],
  ['one order', JSON.stringify(order()), 400, 'not-an-array'],
  ['text', '"orders"', 400, 'not-an-array'],
  ['null', 'null', 400, 'not-an-array'],
])('a body that is %s is a problem document, and nothing is stored', async (_, body, status, code) => {
  const before = await query(system.databaseUrl, 'select count(*)::int as n from orders');
  const answer = await send(system.url, 'POST', '/api/v1/orders', body, { 'Content-Type': 'application/json' });
  expect([answer.status, answer.body.code, answer.headers.get('content-type')]).toEqual([status, code, expect.stringContaining('application/problem+json')]);
  expect(answer.body.message).toBe(answer.body.detail);
  expect(await query(system.databaseUrl, 'select count(*)::int as n from orders')).toEqual(before);
});

test('another content type is 415, another method 405, an unknown parameter 400', async () => {
  expect((await send(system.url, 'POST', '/api/v1/orders', '[]', { 'Content-Type': 'text/plain' })).status).toBe(415);
  expect((await send(system.url, 'PATCH', '/api/v1/orders', '[]', { 'Content-Type': 'application/json' })).status).toBe(405);
  expect(await send(system.url, 'POST', '/api/v1/orders?colour=red', [order()])).toMatchObject({ status: 400, body: { code: 'invalid-query' } });
  for (const path of ['/api/v1/statuses', '/api/v1/orderTypes', '/api/v1/blotters']) expect([path, (await send(system.url, 'GET', `${path}?colour=red`)).status]).toEqual([path, 400]);
});

test('ids in paths that are none are 400, unknown ones 404, for every method; a PUT of wrong types is 400 and names them', async () => {
  const calls = [['GET', ''], ['PUT', ''], ['DELETE', '?version=1']] as const;
  for (const [method, search] of calls) {
    const body = method === 'PUT' ? order() : undefined;
    for (const id of ['x', '0', '-1', '1.5', '9007199254740993']) expect([method, id, (await send(system.url, method, `/api/v1/order/${id}${search}`, body)).status]).toEqual([method, id, 400]);
    expect([method, (await send(system.url, method, `/api/v1/orders/2147483647${search}`, body)).status]).toEqual([method, 404]);
  }
  const id = (await create([order()])).rows[0]?.orderId ?? 0;
  const put = await send(system.url, 'PUT', `/api/v1/order/${id}`, order({ statusId: '1', blotterId: true, tradeOrderId: 1.5, version: 'x', quantity: null }));
  expect([put.status, put.body.errors?.map(({ pointer }) => pointer).sort()]).toEqual([400, ['/blotterId', '/quantity', '/statusId', '/tradeOrderId', '/version']]);
});

test('an order deleted in between is told so to whoever changes or deletes it', async () => {
  const id = (await create([order()])).rows[0]?.orderId ?? 0;
  const path = `/api/v1/order/${id}`;
  const answers = await Promise.all([send(system.url, 'DELETE', `${path}?version=1`), send(system.url, 'PUT', path, order({ quantity: 2 })), send(system.url, 'DELETE', `${path}?version=1`)]);
  // One of them was first; the others met another version, or nothing.
  expect(answers.filter(({ status }) => status === 204 || status === 200)).toHaveLength(1);
  expect(answers.map(({ status }) => status).filter((status) => ![200, 204, 404, 409].includes(status))).toEqual([]);
});
