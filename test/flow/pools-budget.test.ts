import { readSettings } from '../../shared/config/load.ts';
import { migrate } from '../../shared/db/migrate.ts';
import { NoConnectionsLeft } from '../../shared/db/pool-share/pool-share.ts';
import { loadKinds } from '../../shared/records/load-kinds.ts';
import { startPostgres } from '../../shared/runtime/servers/postgres.ts';
import { startLoad } from '../helpers/load.ts';
import { ownServers } from '../helpers/own-servers.ts';
import { query } from '../helpers/query.ts';
import { startSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';
import type { PoolsReport } from '../../shared/contracts/pools.ts';
import { send } from '../helpers/http.ts';

const servers = ownServers();
const LONG = { timeoutMs: 60_000 };
/** 24 less 3 for superusers, and 3 for others. */
const FOR_NODES = 18;

test('F11 a fleet on a PostgreSQL of 24 connections never has more than it may, shares them as nodes come and go, and refuses the one too many', async () => {
  const postgres = await servers.start((options) => startPostgres({ ...options, maxConnections: 24 }), { dataDir: await servers.folder() });
  const settings = { postgresUrl: postgres.url, writerMaxConcurrency: 2, poolReserve: 3, poolLease: 1_500, poolSampleInterval: 200 };
  await migrate(postgres.url, await loadKinds(''), { ...readSettings({}).settings, ...settings });
  const system = await startSystem({ writers: 1, settings });
  const size = (node: { context: { database: { pool: { options: { max?: number } } } } }) => node.context.database.pool.options.max;
  const sizes = (...wanted: number[]) => (nodes: Parameters<typeof size>[0][]) => nodes.every((node, i) => size(node) === wanted[i]);
  const [writer] = system.writers;
  if (writer === undefined) throw new Error('no writer');
  const load = startLoad(system.url, { senders: 4, items: 20 });
  let watching = true;
  let seen = 0;
  const watch = (async () => {
    while (watching) seen = Math.max(seen, (await query<{ count: number }>(postgres.url, `select count(*)::int as count from pg_stat_activity where application_name like 'sluice %'`))[0]?.count ?? 0);
  })();
  try {
    expect([size(system.edge), size(writer)]).toEqual([8, 4]);
    const relay = await system.join('relay');
    await waitFor(() => sizes(6, 3, 9)([system.edge, writer, relay]), { ...LONG, what: 'three to share' });
    const report = await waitFor(async () => {
      const { status, body } = await send(system.url, 'GET', '/api/v1/pools');
      const told = body as unknown as PoolsReport;
      return status === 200 && told.budget?.granted === FOR_NODES && told;
    }, { ...LONG, what: 'the budget to be told' });
    expect(report.budget).toMatchObject({ connections: FOR_NODES, reserve: 3 });
    expect(report.budget?.shares.find(({ node }) => node === relay.context.nodeId)).toEqual({ node: relay.context.nodeId, wanted: 12, least: 6, granted: 9 });
    const second = await system.join('relay');
    await waitFor(() => sizes(4, 2, 6, 6)([system.edge, writer, relay, second]), { ...LONG, what: 'four to have the least they need' });
    await expect(system.join('writer')).rejects.toThrow(NoConnectionsLeft);
    await second.stop();
    await waitFor(() => sizes(6, 3, 9)([system.edge, writer, relay]), { ...LONG, what: 'three to share again' });
    await relay.stop();
    await waitFor(() => sizes(8, 4)([system.edge, writer]), { ...LONG, what: 'two to have all they want' });
  } finally {
    watching = false;
    await watch;
    await load.stop();
    await system.stop();
  }
  expect(seen).toBeGreaterThan(0);
  // A node that is about to join has one already.
  expect(seen).toBeLessThanOrEqual(FOR_NODES + 1);
  expect([...load.statuses.keys()].filter((status) => status >= 500)).toEqual([]);
}, 180_000);
