import { randomUUID } from 'node:crypto';
import { spyOnStatements } from '../helpers/engine.ts';
import { order } from '../helpers/order-items.ts';
import { send } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

interface Row {
  status: string;
  code?: string;
  orderId?: number;
  order?: Record<string, unknown> | null;
}
const create = async (items: readonly unknown[], headers: Record<string, string> = {}) => (await send(system.url, 'POST', '/api/v1/orders', items, headers)).body.orders as unknown as Row[];
/** The text of an order as it is read, digit by digit. */
const textOf = async (id: number) => (await fetch(`${system.url}/api/v1/order/${id}`)).text();

test('what is answered of new orders is what is read of them afterwards, to the last digit', async () => {
  const portfolioId = randomUUID().slice(0, 24);
  const securityId = randomUUID().slice(0, 24);
  await query(system.databaseUrl, 'insert into portfolio_name (portfolio_id, name) values ($1, $2)', [portfolioId, 'Growth "A"']);
  await query(system.databaseUrl, 'insert into security_ticker (security_id, ticker) values ($1, null)', [securityId]);
  const items = [
    order({ portfolioId, securityId }), order({ quantity: '1E+2', limitPrice: '0.00000001', blotterId: null }), order({ statusId: 6, orderTypeId: 5, blotterId: 5, tradeOrderId: 77_001, version: 9, id: null }),
    order({ orderTimestamp: '2026-11-22T10:00:00.123456+05:30', portfolioId: 'ÄÖÜ"\\😀45678901234567890123'.slice(0, 25) }), order({ orderTimestamp: '2024-02-29T23:59:59Z' }),
  ];
  const response = await fetch(`${system.url}/api/v1/orders`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(items) });
  const text = await response.text();
  const { orders } = JSON.parse(text) as { orders: Row[] };
  expect(orders.map(({ status }) => status)).toEqual(items.map(() => 'SUCCESS'));
  for (const { orderId = 0 } of orders) expect(text).toContain(`"order":${await textOf(orderId)}`);
  expect(orders[0]?.order).toMatchObject({ portfolio: { name: 'Growth "A"' }, security: { ticker: null } });
});

test('F1 new orders are answered without reading them back, but for those of a key that comes again', async () => {
  await create([order()]); // what other tables hold is known by now
  const spy = spyOnStatements(system.edge.context.database.pool);
  const key = { 'Idempotency-Key': randomUUID() };
  await create([order(), order()], key);
  const reads = () => spy.texts.filter((text) => text.includes('"orders" r where')).length;
  expect(reads()).toBe(0);
  await create([order(), order()], key);
  expect(reads()).toBe(1);
});

test('a blotter that is new in the table is taken and shown at once; one that is gone is refused, each order for itself', async () => {
  await create([order()]);
  await query(system.databaseUrl, `insert into blotter (id, name) values (41, 'Late')`);
  expect(await create([order({ blotterId: 41 }), order({ blotterId: 42 })])).toMatchObject([{ status: 'SUCCESS', order: { blotter: { id: 41, name: 'Late' } } }, { status: 'FAILURE', code: 'unknown-blotter' }]);
  await query(system.databaseUrl, 'update orders set blotter_id = 1 where blotter_id = 41');
  await query(system.databaseUrl, 'delete from blotter where id = 41');
  expect(await create([order({ blotterId: 41 }), order()])).toMatchObject([{ status: 'FAILURE', code: 'unknown-blotter' }, { status: 'SUCCESS' }]);
});

test('F2 orders that name nothing are found before they are written: no chunk is tried again in parts for them', async () => {
  await create([order()]);
  const spies = system.writers.map((writer) => spyOnStatements(writer.context.database.pool));
  const triedInParts = () => spies.flatMap(({ texts }) => texts).filter((text) => text.includes('savepoint')).length;
  expect(await create([order(), order({ statusId: 99 }), order({ orderTypeId: 99 }), order({ blotterId: 99 })])).toMatchObject([{ status: 'SUCCESS' }, { code: 'unknown-status' }, { code: 'unknown-order-type' }, { code: 'unknown-blotter' }]);
  expect(triedInParts()).toBe(0);
  // What only the database knows is found there, as before.
  expect(await create([order({ tradeOrderId: 77_002 }), order({ tradeOrderId: 77_002 })])).toMatchObject([{ status: 'SUCCESS' }, { code: 'duplicate' }]);
  expect(triedInParts()).toBeGreaterThan(0);
});

test('a changed order is answered as it is read afterwards', async () => {
  const [row] = await create([order()]);
  const id = row?.orderId ?? 0;
  const response = await fetch(`${system.url}/api/v1/order/${id}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(order({ blotterId: null, statusId: 6, orderTypeId: 3, quantity: '12.50000001', limitPrice: 7, version: 1 })) });
  expect([response.status, await response.text()]).toEqual([200, await textOf(id)]);
});

test('F17 a change that was made is told so, also while the edge gets no connection to read with', async () => {
  const [row] = await create([order()]);
  const id = row?.orderId ?? 0;
  const { pool } = system.edge.context.database;
  const held = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()));
  try {
    expect(await send(system.url, 'PUT', `/api/v1/order/${id}`, order({ quantity: 5, version: 1 }))).toMatchObject({ status: 200, body: { id, quantity: 5, version: 2, status: { abbreviation: 'NEW' } } });
    expect(await create([order()])).toMatchObject([{ status: 'SUCCESS', order: { status: { abbreviation: 'NEW' } } }]);
  } finally {
    for (const client of held) client.release();
  }
});
