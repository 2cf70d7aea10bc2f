import { jest } from '@jest/globals';
import type { PoolsReport } from '../../shared/contracts/pools.ts';
import { runSluice } from '../bin/run-sluice.ts';
import { mostFlushes, writerPoolSize } from '../../shared/db/pool-size.ts';
import type { RunningNode } from '../../shared/runtime/node.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { metric } from '../helpers/metric.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem({ writers: 2, relays: 1, settings: { poolSampleInterval: 100, heldConnection: 300, slowStatement: 200 } });
});
afterAll(() => system.stop());

const LONG = { timeoutMs: 30_000 };
const pools = async (query_ = '') => {
  const { status, body } = await send(system.url, 'GET', `/api/v1/pools${query_}`);
  if (status !== 200) throw new Error(`GET /api/v1/pools: ${status}`);
  return body as unknown as PoolsReport;
};
/** What the report says when it says this. */
const once = (what: string, says: (report: PoolsReport) => boolean) =>
  waitFor(async () => {
    const report = await pools();
    return says(report) && report;
  }, { ...LONG, what });

test('every node\'s pool is there with its figures, and PostgreSQL\'s own view of all connections', async () => {
  const report = await once('all nodes to be sampled', ({ pools: all }) => all.length === 4);
  expect(report).toMatchObject({ monitor: system.relays[0]?.context.nodeId, intervalMs: 100, silent: [] });
  const ofWriter = writerPoolSize(mostFlushes(system.settings));
  expect(report.pools.map(({ services, max }) => [services.join(), max]).sort()).toEqual([['batcher,gateway', 8], ['publisher,pool-monitor', 12], ['writer', ofWriter], ['writer', ofWriter]]);
  for (const { active, max, utilization, waiting } of report.pools) expect({ utilization, waiting }).toEqual({ utilization: active / max, waiting: expect.any(Number) as number });
  const { postgres } = report;
  const [{ most } = { most: 0 }] = await query<{ most: number }>(system.databaseUrl, `select current_setting('max_connections')::int as most`);
  expect(postgres).toMatchObject({ maxConnections: most, reserved: 3 });
  expect(postgres?.connections).toBeGreaterThan(0);
  const names = postgres?.byApplication.map(({ application }) => application) ?? [];
  expect(names).toContain(`sluice ${system.relays[0]?.context.nodeId}`.slice(0, 63));
});

test('a slow statement, one that waits for a lock, and an idle transaction are seen as PostgreSQL sees them', async () => {
  const { pool } = system.relays[0]?.context.database ?? system.edge.context.database;
  const [holder, waiter, sleeper] = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
  try {
    await holder.query('begin');
    await holder.query('select pg_advisory_xact_lock(1)');
    const waits = waiter.query('select pg_advisory_xact_lock(1)');
    const sleeps = sleeper.query('select pg_sleep(3)');
    const { postgres } = await once('all three to be seen', ({ postgres: view }) => view !== null && view.waitingForLocks >= 1 && view.slow >= 2 && view.idleInTransaction >= 1);
    expect(postgres?.longestTransactionMs).toBeGreaterThan(0);
    await holder.query('rollback');
    await waits;
    await sleeps;
  } finally {
    for (const client of [holder, waiter, sleeper]) client.release(true);
  }
});

test('a connection that is never given back is found, with its statement\'s name and the service that took it', async () => {
  const [writer] = system.writers;
  if (writer === undefined) throw new Error('no writer');
  const lines: unknown[] = [];
  const warn = jest.spyOn(writer.context.log, 'warn').mockImplementation(((...line: unknown[]) => void lines.push(line)) as typeof writer.context.log.warn);
  const told = async () => (await writer.context.metrics.text()).body;
  const lost = await writer.context.database.watch.as('writer').connect();
  await lost.query({ name: 'forgotten', text: 'select $1::text', values: ['a value'] });
  try {
    const report = await once('it to be reported', ({ pools: all }) => all.some(({ node, heldTooLong }) => node === writer.context.nodeId && heldTooLong.length > 0));
    const pool = report.pools.find(({ node }) => node === writer.context.nodeId);
    expect(pool).toMatchObject({ longest: { query: 'forgotten', service: 'writer' }, heldTooLong: [{ query: 'forgotten', service: 'writer' }] });
    await waitFor(() => lines.length > 0, { ...LONG, what: 'the line in the log' });
    expect(lines).toEqual([[{ heldMs: expect.any(Number) as number, query: 'forgotten', service: 'writer' }, 'a connection is held for too long']]);
    expect(await told()).toContain('sluice_pool_held_connections 1\n');
    expect(await told()).toContain('sluice_pool_held_connections_total 1\n');
  } finally {
    lost.release();
  }
  expect(await told()).toContain('sluice_pool_held_connections 0\n');
  expect(lines).toHaveLength(2);
  warn.mockRestore();
});

test('a pool in use is told by its own node under OpenTelemetry\'s names, and by the monitor for all', async () => {
  const { database: { pool }, nodeId } = system.edge.context;
  const clients = await Promise.all(Array.from({ length: 6 }, () => pool.connect()));
  try {
    expect(await metric(system.url, 'db_client_connection_count', { pool: 'edge', state: 'used' })).toBeGreaterThanOrEqual(6);
    expect(await metric(system.url, 'db_client_connection_max', { pool: 'edge' })).toBe(8);
    const report = await once('the edge to be WARNING', ({ pools: all }) => all.some(({ node, state }) => node === nodeId && state === 'WARNING'));
    expect(report.state).not.toBe('HEALTHY');
    const series = (await system.relays[0]?.context.metrics.text())?.body ?? '';
    expect(series).toContain(`sluice_pool_state{node="${nodeId}"} 1\n`);
    expect(series).toMatch(/^sluice_pool_postgres_max_connections \d+$/m);
  } finally {
    for (const client of clients) client.release();
  }
  await once('it to be HEALTHY again', ({ pools: all }) => all.every(({ state }) => state === 'HEALTHY'));
  expect((await send(system.url, 'POST', '/api/v1/executions', execution())).status).toBe(201);
  const writers = (await Promise.all(system.writers.map(({ context }) => context.metrics.text()))).map(({ body }) => body).join('\n');
  expect(writers).toMatch(/^db_client_connection_use_time_seconds_count\{pool="writer"\} [1-9]/m);
  expect(writers).toMatch(/^db_client_connection_wait_time_seconds_count\{pool="writer"\} [1-9]/m);
});

test('with ?history= their course is told, and not without; no longer one than an hour can be asked for', async () => {
  const report = await waitFor(async () => {
    const told = await pools('?history=1h');
    return (told.history?.at.length ?? 0) > 0 && told;
  }, { ...LONG, what: 'a first point' });
  expect(report.history?.pools).toHaveLength(4);
  expect((await pools()).history).toBeUndefined();
  expect(await send(system.url, 'GET', '/api/v1/pools?history=2h')).toMatchObject({ status: 400, body: { code: 'invalid-arguments' } });
});

test('`sluice pools` shows them, and as JSON all that REST says', async () => {
  await once('all nodes to be sampled', ({ pools: all }) => all.length === 4);
  const shown = await runSluice(['pools', '--history', '1h'], { env: { SLUICE_URL: system.url } });
  expect(shown.code).toBe(0);
  expect(shown.out).toContain(system.edge.context.nodeId);
  expect(shown.out).toContain('PostgreSQL: ');
  const json = await runSluice(['pools', 'show', '--json'], { env: { SLUICE_URL: system.url } });
  expect((JSON.parse(json.out) as PoolsReport).pools).toHaveLength(4);
});

test('of two relays one watches, and when it goes the other does; without any the answer says what to start', async () => {
  const other = await system.join('relay');
  await once('all five pools', ({ pools: all }) => all.length === 5);
  const nodes = [other, ...system.relays];
  const watches = ({ broker, context }: RunningNode) => broker.call('pool-monitor.pools', {}, { nodeID: context.nodeId }).then((report) => report !== undefined && report !== null);
  const [watching, standing] = await waitFor(async () => {
    const of = await Promise.all(nodes.map(watches));
    return of.filter(Boolean).length === 1 && [nodes[of.indexOf(true)], nodes[of.indexOf(false)]];
  }, { ...LONG, what: 'one of them to watch' });
  await watching?.stop();
  await once('the other to watch', ({ monitor, pools: all }) => monitor === standing?.context.nodeId && all.length === 4);
  await standing?.stop();
  const answer = await waitFor(async () => {
    const told = await send(system.url, 'GET', '/api/v1/pools');
    return told.status === 503 && told;
  }, { ...LONG, what: 'the answer that nobody watches' });
  expect(answer.body).toMatchObject({ code: 'pools-unwatched' });
  expect(answer.headers.get('retry-after')).toBe('1');
});
