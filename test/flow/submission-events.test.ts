import { startTradeService, type TradeService } from '../../bin/trade-service/trade-service.ts';
import { TopicReader } from '../services/publisher/helpers/topic-reader.ts';
import { kafkaBrokers } from '../helpers/addresses.ts';
import { send } from '../helpers/http.ts';
import { uniqueName } from '../helpers/namespace.ts';
import { order } from '../helpers/order-items.ts';
import { runSluice } from '../bin/run-sluice.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

let trades: TradeService;
let system: TestSystem;
const topic = uniqueName('order-events');
beforeAll(async () => {
  trades = await startTradeService();
  system = await startSystem({ relays: 1, settings: { tradeServiceUrl: trades.url, orderEventsTopic: topic } });
});
afterAll(async () => {
  await system.stop();
  await trades.close();
});

test('orders tell of themselves on order-events: created, submitted, submission failed with its reason; each as an event of its own, and the law holds over all of it', async () => {
  const created = await send(system.url, 'POST', '/api/v1/orders', [order(), order({ securityId: 'GUILTY'.padEnd(24, '0') }), order()]);
  const ids = (created.body.orders as { orderId: number }[]).map((o) => o.orderId);
  const [first = 0, guilty = 0, third = 0] = ids;
  Object.assign(trades.faults, { fault: 'refuse-with-reasons', prefix: 'GUILTY' });
  const submit = async () => (await send(system.url, 'POST', '/api/v1/orders/batch/submit', { orderIds: ids })).body.results?.map((r) => r.code);
  expect(await submit()).toEqual(['submitted', 'refused-by-trade-service', 'submitted']);
  expect(await submit()).toEqual(['already-sent', 'refused-by-trade-service', 'already-sent']);

  const reader = await TopicReader.open(kafkaBrokers(), topic);
  try {
    await waitFor(() => reader.seen.length >= 7, { timeoutMs: 60_000, what: 'seven events' });
    const of = (id: number) => reader.seen.filter((m) => m.key === String(id));
    expect([first, third].map((id) => of(id).map((m) => m.headers.ce_id))).toEqual([first, third].map((id) => [`order:${id}:1`, `order:${id}:2`]));
    expect(JSON.parse(of(first)[1]?.value ?? '')).toMatchObject({ id: first, status: { abbreviation: 'SENT' }, tradeOrderId: trades.store.find(first)[0]?.id, version: 2 });
    const [made, ...failures] = of(guilty);
    expect([made?.headers.ce_type, failures.map((m) => m.headers.ce_type)]).toEqual(['sluice.order.insert', ['sluice.order.SubmissionFailed', 'sluice.order.SubmissionFailed']]);
    expect(failures.map((m) => JSON.parse(m.value) as unknown)).toMatchObject([{ id: guilty, version: 1, reason: 'refused on demand' }, { id: guilty, reason: 'refused on demand' }]);
    // Source and id together name an event.
    expect(new Set(reader.seen.map((m) => `${m.headers.ce_source} ${m.headers.ce_id}`)).size).toBe(7);
  } finally {
    await reader.close();
  }
  expect((await send(system.url, 'GET', '/api/v1/verify')).body).toMatchObject({ holds: true });
  const verified = await runSluice(['verify', '--kafka', '--json', '--url', system.url], { env: { POSTGRES_URL: system.databaseUrl, KAFKA_BROKERS: kafkaBrokers(), ORDER_EVENTS_TOPIC: topic, ORDERS_TOPIC: system.settings.ordersTopic, BATCHES_TOPIC: system.settings.batchesTopic } });
  expect(verified).toMatchObject({ code: 0, out: expect.stringContaining(topic) as string });
  expect(JSON.parse(verified.out)).toMatchObject({ holds: true, breaches: [] });
});
