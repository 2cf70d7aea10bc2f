import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTradeService, type TradeService } from '../../bin/trade-service/trade-service.ts';
import { send } from '../helpers/http.ts';
import { orderRows, storeOrders } from '../helpers/orders.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const LONG = { timeoutMs: 60_000 };

let folder: string;
let trades: TradeService;
let system: TestSystem;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-trades-'));
  trades = await startTradeService({ file: join(folder, 'trades.db') });
  system = await startSystem({
    settings: { tradeServiceUrl: trades.url, tradeConnectTimeout: 500, tradeResponseTimeout: 6_000, submissionLease: 8_000, reconcileInterval: 200, submitConcurrency: 2, submitSlotWait: 1_000, submitMaxWaiting: 3, batchChunkSize: 2, tradeBreakerFailures: 3, tradeBreakerCooldown: 2_500 },
  });
});
afterAll(async () => {
  await system.stop();
  await trades.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => Object.assign(trades.faults, { fault: 'none', times: -1, latencyMs: 0 }));

const submit = (orderIds: unknown) => send(system.url, 'POST', '/api/v1/orders/batch/submit', { orderIds });
const rows = (ids: readonly number[]) => orderRows(system.databaseUrl, ids);
const store = (count: number) => storeOrders(system.databaseUrl, count);
const there = (ids: readonly number[]) => ids.map((id) => trades.store.find(id).length);
const metric = async (name: string) => Number(new RegExp(`^sluice_${name} (\\S+)$`, 'm').exec((await send(system.url, 'GET', '/metrics')).text)?.[1]);
/** Holds every permit for a while; resolves when the calls have ended. */
async function fill(): Promise<{ ended: Promise<unknown> }> {
  trades.faults.latencyMs = 3_500;
  const before = trades.calls.bulk;
  const ended = Promise.all((await store(2)).map((id) => submit([id])));
  await waitFor(() => trades.calls.bulk - before === 2, { ...LONG, what: 'both permits to be held' });
  return { ended };
}

test('F13 so many chunks at a time and never more: the metrics tell permits, queue and waits', async () => {
  trades.calls.most = 0;
  trades.faults.latencyMs = 60;
  const ids = await store(10);
  const answer = await submit(ids);
  expect([answer.status, trades.calls.most]).toEqual([200, 2]);
  expect((answer.body.metrics as { waitMs: number }).waitMs).toBeGreaterThan(0);
  expect([await metric('bulk_submission_permits'), await metric('bulk_submission_queue_chunks'), await metric('bulk_submission_wait_seconds_count')]).toEqual([2, 0, 5]);
});

test('F13 F15 when every permit is held, who has waited long enough is refused with 503 and Retry-After; nothing of it was done, and it may be sent again', async () => {
  const { ended } = await fill();
  const ids = await store(2);
  const refused = submit(ids);
  await waitFor(async () => (await metric('bulk_submission_queue_chunks')) === 1, { ...LONG, what: 'a chunk to wait' });
  expect(await metric('bulk_submission_permits')).toBe(0);
  const answer = await refused;
  expect([answer.status, answer.body]).toMatchObject([503, { status: 'FAILURE', successful: 0, failed: 2, results: [{ status: 'FAILURE', code: 'overloaded' }, { status: 'FAILURE', code: 'overloaded' }] }]);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect([there(ids), await rows(ids)]).toMatchObject([[0, 0], ids.map(() => ({ status: 'NEW', version: 1, inSubmission: false }))]);
  const single = await send(system.url, 'POST', `/api/v1/orders/${ids[0]}/submit`);
  expect([single.status, single.body.code, Number(single.headers.get('retry-after')) >= 1]).toEqual([503, 'overloaded', true]);
  await ended;
  trades.faults.latencyMs = 0;
  expect((await submit(ids)).status).toBe(200);
});

test('F13 what waits is bounded too: beyond, chunks are refused at once, and the others have their turn', async () => {
  const { ended } = await fill();
  // Six chunks: three may wait, for less than the calls take.
  const ids = await store(12);
  const answer = await submit(ids);
  expect([answer.status, answer.body.failed]).toEqual([503, 12]);
  expect((await send(system.url, 'GET', '/metrics')).text).toMatch(/bulk_submission_refusals_total\{reason="full"\} [1-9]/);
  await ended;
});

test('a trade service that is not there: 503 and Retry-After, the orders are NEW and free; the breaker opens, so that nothing is even claimed, and closes with the first answer', async () => {
  const ids = await store(2);
  const url = new URL(trades.url);
  await trades.close();
  for (let i = 0; i < 3; i++) {
    const answer = await submit(ids);
    expect([answer.status, answer.body.results?.map((r) => r.code), Number(answer.headers.get('retry-after')) >= 1]).toEqual([503, ['trade-service-away', 'trade-service-away'], true]);
  }
  expect(await metric('trade_breaker_state')).toBe(2);
  expect(await rows(ids)).toMatchObject(ids.map(() => ({ status: 'NEW', version: 1, inSubmission: false })));
  trades = await startTradeService({ port: Number(url.port), file: join(folder, 'trades.db') });
  // Open still: refused without a call, and told for how long.
  const refused = await submit(ids);
  expect([refused.status, trades.calls.bulk]).toEqual([503, 0]);
  await waitFor(async () => (await submit(ids)).status === 200, { ...LONG, what: 'the breaker to let a call through' });
  expect([there(ids), await metric('trade_breaker_state')]).toEqual([[1, 1], 0]);
});

test('while no trade service is set, submitting is refused and says which setting it takes', async () => {
  const bare = await startSystem({ writers: 0 });
  expect(await send(bare.url, 'POST', '/api/v1/orders/batch/submit', { orderIds: [1] })).toMatchObject({ status: 503, body: { code: 'not-configured', detail: expect.stringContaining('TRADE_SERVICE_URL') as string } });
  await bare.stop();
});
