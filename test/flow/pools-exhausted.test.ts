import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { PoolsJudged, PoolsReport } from '../../shared/contracts/pools.ts';
import { execution } from '../helpers/executions.ts';
import { send, type HttpAnswer } from '../helpers/http.ts';
import { metric } from '../helpers/metric.ts';
import { countRows } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const LONG = { timeoutMs: 45_000 };
const CLIENTS = 8;

const post = (system: TestSystem): Promise<HttpAnswer> => send(system.url, 'POST', '/api/v1/executions', execution(), { 'Idempotency-Key': randomUUID() });

describe('an edge whose connections are all stuck', () => {
  let system: TestSystem;
  let holder: pg.Client;
  beforeAll(async () => {
    const slow = { lockTimeout: 60_000, statementTimeout: 60_000, transactionTimeout: 60_000 };
    system = await startSystem({ writers: 1, relays: 1, settings: { edgePool: 2, poolSampleInterval: 200, poolBreakerCooldown: 2_000, acquireTimeout: 400, requestDeadline: 2_000, ...slow } });
    holder = new pg.Client({ connectionString: system.databaseUrl });
    await holder.connect();
  });
  afterAll(async () => {
    await holder.end();
    await system.stop();
  });
  const breaker = async () => ((await send(system.url, 'GET', '/api/v1/pools')).body as unknown as Partial<PoolsReport>).breakers?.find(({ pools }) => pools === system.edge.context.nodeId)?.state;

  test('F13 F15 F31 refuses what writes, with Retry-After, and takes it again by itself when they are free', async () => {
    expect((await post(system)).status).toBe(201);
    // Every connection of the edge that looks a key up is stuck, and the next ones wait for it.
    await holder.query('begin; lock table idempotency in access exclusive mode');
    let stop = false;
    const answers: HttpAnswer[] = [];
    const clients = Array.from({ length: CLIENTS }, async () => {
      while (!stop) answers.push(await post(system));
    });
    try {
      await waitFor(async () => (await breaker()) === 'open', { ...LONG, what: 'the breaker to open' });
      const refusal = await waitFor(() => answers.find(({ body }) => body.code === 'pools-exhausted'), { ...LONG, what: 'a refusal' });
      expect(refusal.status).toBe(503);
      expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(await metric(system.url, 'pool_breaker_rejections_total')).toBeGreaterThanOrEqual(1);
      expect((await system.relays[0]?.context.metrics.text())?.body).toMatch(/^sluice_pool_breaker_openings_total\{node="edge-\S+"\} [1-9]/m);
    } finally {
      stop = true;
      await holder.query('rollback');
      await Promise.all(clients);
    }
    await waitFor(async () => (await breaker()) === 'closed', { ...LONG, what: 'the breaker to close by itself' });
    await waitFor(async () => (await post(system)).status === 201, { ...LONG, what: 'a record to be taken in again' });
  }, 120_000);
});

describe('while the breaker is open', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem({ writers: 1, settings: { tradeServiceUrl: 'http://127.0.0.1:1' } });
  });
  afterAll(() => system.stop());
  /** Says to the edge what a relay would that watches the pools. */
  const judge = (breakers: PoolsJudged['breakers']) => system.edge.broker.broadcast('pools.judged', { breakers, validMs: 600_000 } satisfies PoolsJudged);

  test('F15 whatever writes is refused before anything was done, and reads are answered', async () => {
    expect((await post(system)).status).toBe(201);
    await judge([{ pools: 'writers', state: 'open', bad: 3, retryInMs: 60_000 }, { pools: system.edge.context.nodeId, state: 'closed', bad: 0, retryInMs: 0 }]);
    const refused = await Promise.all([
      post(system),
      send(system.url, 'POST', '/api/v1/executions/batch', { executions: [execution()] }),
      send(system.url, 'PUT', '/api/v1/execution/1024', { quantityFilled: 1, averagePrice: 1, version: 1 }),
      send(system.url, 'POST', '/api/v1/batches/executions', `${JSON.stringify(execution())}\n`, { 'Content-Type': 'application/x-ndjson' }),
      send(system.url, 'POST', '/api/v1/orders/batch/submit', { orderIds: [1] }),
    ]);
    for (const { status, body, headers } of refused) expect([status, body.code, Number(headers.get('retry-after')) > 1]).toEqual([503, 'pools-exhausted', true]);
    expect(await countRows(system.databaseUrl, 'batch')).toBe(1);
    expect((await send(system.url, 'GET', '/api/v1/executions')).status).toBe(200);
    expect((await send(system.url, 'GET', '/health/ready')).status).toBe(200);
    expect(await metric(system.url, 'batcher_refusals_total', { reason: 'pools' })).toBe(5);
    await judge([]);
    expect((await post(system)).status).toBe(201);
  });
});
