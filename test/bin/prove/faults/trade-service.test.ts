import { send } from '../../../helpers/http.ts';
import { order } from '../../../helpers/order-items.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { TRADE_SERVICE } from '../../../../bin/prove/faults/trade-service.ts';
import { smallSystem } from './small-system.ts';

const system = smallSystem();
const LONG = { timeoutMs: 120_000 };
const TEST_MS = 180_000;

async function stored(): Promise<number> {
  return waitFor(async () => {
    const { status, body } = await send(system.url, 'POST', '/api/v1/orders', [order()]);
    return status === 200 ? (body.orders as { orderId: number }[])[0]?.orderId : undefined;
  }, { ...LONG, what: 'an order to be stored' });
}
const submit = async (id: number, patient = false) => (await send(system.url, 'POST', '/api/v1/orders/batch/submit', { orderIds: [id] }, patient ? {} : { Prefer: 'wait=1' })).body.results?.[0]?.code;
const statusOf = async (id: number) => (await system.target.postgres.sql<{ status: string }>('select s.abbreviation as status from orders o join order_status s on s.id = o.status_id where o.id = $1', [id]))[0]?.status;

/** What is told of an order whose call is struck. */
const TOLD: Record<string, string> = {
  'trades-slow': 'outcome-unknown', 'trades-refusing': 'refused-by-trade-service', 'trades-refusing-whole': 'refused-by-trade-service', 'trades-shuffled': 'submitted', 'trades-killed': 'trade-service-away',
};

test.each(TRADE_SERVICE.map(({ name }) => name))('%s: an order that was submitted meanwhile is told as what is known of it, and is sent once when all is well again', async (name) => {
  const id = await stored();
  const { trades } = system.target;
  const end = await system.inject(name);
  // No call escapes, and what the trade service has done is not found out too soon.
  if (name !== 'trades-killed') Object.assign(trades.faults, { share: 1, askErrorShare: TOLD[name] === undefined ? 1 : 0 });
  const told = TOLD[name] ?? 'outcome-unknown';
  expect(await submit(id, told !== 'outcome-unknown')).toBe(told);
  await end();
  await waitFor(async () => {
    if ((await statusOf(id)) === 'SENT') return true;
    await submit(id);
    return undefined;
  }, { ...LONG, what: 'the order to be sent' });
  const there = (await (await fetch(`${trades.url}/api/v1/tradeOrders?order_id=${id}`)).json()) as unknown[];
  expect(there).toHaveLength(1);
}, TEST_MS);
