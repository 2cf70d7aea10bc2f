import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTradeService, type TradeService } from '../../../bin/trade-service/trade-service.ts';
import { startSluice } from '../run-sluice.ts';
import { waitFor } from '../../helpers/wait-for.ts';

interface Answered {
  status: number;
  body: { message?: string; results?: { requestIndex: number; status: string; message: string; tradeOrder: { id: number; orderId: number; quantity: number } | null }[] } & Record<string, unknown>;
}
const order = (orderId: number, over: Record<string, unknown> = {}) => ({ orderId, portfolioId: 'P'.padEnd(24, '0'), orderType: 'BUY', securityId: `S${orderId}`.padEnd(24, '0'), quantity: 12.5, limitPrice: null, tradeTimestamp: '2026-01-02T03:04:05Z', blotterId: 1, ...over });
const call = async (url: string, method: string, path: string, body?: unknown): Promise<Answered> => {
  const response = await fetch(url + path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, body: (await response.json()) as Answered['body'] };
};
const bulk = (url: string, ...tradeOrders: unknown[]) => call(url, 'POST', '/api/v1/tradeOrders/bulk', { tradeOrders });
const find = async (url: string, orderId: number) => (await call(url, 'GET', `/api/v1/tradeOrders?order_id=${orderId}`)).body as unknown as { id: number; orderId: number }[];

describe('its contract', () => {
  let service: TradeService;
  beforeAll(async () => (service = await startTradeService()));
  afterAll(() => service.close());

  test('a bulk call stores all its orders, each under an id of its own, and tells of them by orderId', async () => {
    const { status, body } = await bulk(service.url, order(1), order(2));
    expect([status, body.results?.map((r) => [r.requestIndex, r.status, r.tradeOrder?.orderId])]).toEqual([201, [[0, 'SUCCESS', 1], [1, 'SUCCESS', 2]]]);
    expect(await find(service.url, 2)).toMatchObject([{ id: body.results?.[1]?.tradeOrder?.id, orderId: 2, quantity: 12.5 }]);
    expect(await find(service.url, 77)).toEqual([]);
  });

  test('all or nothing: one bad order, or one whose orderId is known, refuses the call with the reason, and nothing of it is stored', async () => {
    const bad = await bulk(service.url, order(11), order(12, { quantity: 0 }));
    expect([bad.status, bad.body.results]).toMatchObject([400, [{ requestIndex: 1, status: 'FAILURE', message: expect.stringContaining('quantity') as string }]]);
    await bulk(service.url, order(13));
    const known = await bulk(service.url, order(14), order(13));
    expect([known.status, known.body.results?.map((r) => r.requestIndex)]).toEqual([400, [1]]);
    expect(await Promise.all([11, 12, 14].map((id) => find(service.url, id)))).toEqual([[], [], []]);
    const arrivals = (await call(service.url, 'GET', '/arrivals')).body as unknown as { orderId: number; as: string; times: number }[];
    expect(arrivals.filter((a) => a.orderId === 13)).toEqual([{ orderId: 13, as: 'accepted', times: 1 }, { orderId: 13, as: 'duplicate', times: 1 }]);
  });

  test('an execution is filled under its version only', async () => {
    const { version } = (await call(service.url, 'GET', '/api/v1/executions/5')).body as { version: number };
    expect((await call(service.url, 'PUT', '/api/v1/executions/5/fill', { executionStatus: 'PART', quantityFilled: 3.5, version })).body).toMatchObject({ quantityFilled: 3.5, version: version + 1 });
    expect((await call(service.url, 'PUT', '/api/v1/executions/5/fill', { executionStatus: 'FULL', quantityFilled: 9, version })).status).toBe(409);
  });
});

describe('its faults', () => {
  let service: TradeService;
  beforeAll(async () => (service = await startTradeService()));
  afterAll(() => service.close());
  const withFault = (faults: Record<string, unknown>) => call(service.url, 'PUT', '/faults', faults);

  test.each([
    ['die-before', false], ['die-after', true], ['error', false], ['error-after', true], ['broken-json', true], ['refuse', false],
  ])('%s: no good answer, and stored is %s', async (fault, stored) => {
    const orderId = 100 + service.store.all().length + service.calls.bulk;
    await withFault({ fault, times: 1 });
    const answer = await bulk(service.url, order(orderId)).catch(() => undefined);
    expect([answer?.status === 201, (await find(service.url, orderId)).length]).toEqual([false, stored ? 1 : 0]);
    expect(service.faults.times).toBe(0);
  });

  test('shuffle answers in another order, drop leaves some out, refuse-with-reasons names those it refuses', async () => {
    await withFault({ fault: 'shuffle' });
    const orders = Array.from({ length: 40 }, (_, i) => order(1_000 + i));
    const shuffled = (await bulk(service.url, ...orders)).body.results ?? [];
    expect(shuffled.map((r) => r.requestIndex)).not.toEqual(orders.map((_, i) => i));
    expect(shuffled.every((r) => r.tradeOrder?.orderId === 1_000 + r.requestIndex)).toBe(true);
    await withFault({ fault: 'drop', prefix: 'S2001' });
    expect((await bulk(service.url, order(2_000), order(2_001))).body.results?.map((r) => r.tradeOrder?.orderId)).toEqual([2_000]);
    await withFault({ fault: 'refuse-with-reasons', prefix: 'S3001' });
    expect((await bulk(service.url, order(3_000), order(3_001))).body.results).toMatchObject([{ requestIndex: 1, message: 'refused on demand' }]);
  });

  test('a fault that does not exist is named as such', async () => {
    expect(await withFault({ fault: 'sulk' })).toMatchObject({ status: 400, body: { message: expect.stringContaining('die-after') as string } });
    expect(await withFault({ faults: 1 })).toMatchObject({ status: 400 });
  });
});

test('`sluice trade-service --data` keeps its orders over kill -9', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-trades-'));
  const start = async () => {
    const running = startSluice(['trade-service', '--port', '0', '--data', join(folder, 'trades.db')]);
    await waitFor(() => running.out.includes('http'), { timeoutMs: 30_000, what: 'the trade service to listen' });
    return { running, url: /http:\S+\d/.exec(running.out)?.[0] ?? '' };
  };
  try {
    const first = await start();
    expect((await bulk(first.url, order(1))).status).toBe(201);
    first.running.signal('SIGKILL');
    await first.running.ended;
    const second = await start();
    expect(await find(second.url, 1)).toHaveLength(1);
    second.running.signal('SIGTERM');
    expect((await second.running.ended).code).toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
