import { runSluice } from '../bin/run-sluice.ts';
import { kafkaBrokers } from '../helpers/addresses.ts';
import { send } from '../helpers/http.ts';
import { order } from '../helpers/order-items.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { TopicReader } from '../services/publisher/helpers/topic-reader.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem({ settings: { kafkaBrokers: kafkaBrokers() } });
});
afterAll(() => system.stop());

test('what is done with orders is told in order per order, a deletion with the order as it was, and verify finds all of it on the topic', async () => {
  // Nothing is delivered yet: three orders are created, two are changed, two deleted.
  const { body } = await send(system.url, 'POST', '/api/v1/orders', [order({ quantity: '1.5' }), order(), order({ quantity: '3.25', blotterId: null }), order({ quantity: 0 })]);
  const [first, second, third] = (body.orders as { orderId: number }[]).map(({ orderId }) => orderId) as [number, number, number];
  expect((await send(system.url, 'PUT', `/api/v1/order/${first}`, order({ quantity: '2.5' }))).status).toBe(200);
  expect((await send(system.url, 'PUT', `/api/v1/order/${third}`, order({ quantity: '4.75', blotterId: null }))).status).toBe(200);
  expect((await send(system.url, 'DELETE', `/api/v1/order/${second}?version=1`)).status).toBe(204);
  expect((await send(system.url, 'DELETE', `/api/v1/order/${third}?version=2`)).status).toBe(204);
  await system.join('relay');
  await waitFor(async () => (await query(system.databaseUrl, `select 1 from ledger where state = 'waiting'`)).length === 0, { timeoutMs: 60_000, what: 'everything to be delivered' });
  const reader = await TopicReader.open(kafkaBrokers(), system.settings.orderEventsTopic);
  await waitFor(() => reader.seen.length >= 4, { timeoutMs: 30_000, what: 'the consumer to see every message' });
  const told = (id: number) => reader.seen.filter(({ key }) => key === String(id)).map(({ headers, value }) => [String(headers.ce_type), String(headers.ce_id), (JSON.parse(value) as { version: number }).version]);
  // A message is the order as it is when it is sent; of one that is gone only its end is told.
  expect(told(first)).toEqual([['sluice.order.insert', `order:${first}:1`, 2], ['sluice.order.update', `order:${first}:2`, 2]]);
  expect(told(second)).toEqual([['sluice.order.delete', `order:${second}:2`, 2]]);
  expect(told(third)).toEqual([['sluice.order.delete', `order:${third}:3`, 3]]);
  const last = JSON.parse(reader.seen.find(({ key }) => key === String(third))?.value ?? '') as Record<string, unknown>;
  expect(last).toMatchObject({ id: third, quantity: 4.75, blotter: null, status: { abbreviation: 'NEW' }, orderTimestamp: 1795341600 });
  await reader.close();
  const ran = await runSluice(['verify', '--kafka', '--json', '--url', system.url], { env: { POSTGRES_URL: system.databaseUrl, KAFKA_BROKERS: kafkaBrokers() } });
  expect(JSON.parse(ran.out)).toMatchObject({ holds: true, breaches: [], kinds: { order: { inserted: 3, deleted: 2, rows: 1 } } });
});

test('the receipt of a deleted order says that its later version was the end of it', async () => {
  const { body } = await send(system.url, 'POST', '/api/v1/orders', [order()]);
  const id = (body.orders as { orderId: number }[])[0]?.orderId ?? 0;
  expect((await send(system.url, 'DELETE', `/api/v1/order/${id}?version=1`)).status).toBe(204);
  const receipt = await send(system.url, 'GET', `/api/v1/receipts?recordId=${id}&kind=order`);
  expect(receipt).toMatchObject({ status: 200, body: { content: [{ id, written: { op: 'insert', version: 1 }, changes: [{ version: 2 }] }] } });
});
