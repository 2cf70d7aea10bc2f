import pg from 'pg';
import type { ClientUse } from '../../shared/contracts/clients.ts';
import type { AtWork } from '../../shared/contracts/pools.ts';
import { runSluice } from '../bin/run-sluice.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

const LONG = { timeoutMs: 30_000 };
const SECRET = 'a-value-of-a-customer';
const activity = async () => (await send(system.url, 'GET', '/api/v1/pools/activity')).body.connections as AtWork[];
const disconnect = (pid: number, body: Record<string, unknown> = {}) => send(system.url, 'POST', `/api/v1/pools/connections/${pid}/disconnect`, body);
const sluice = (...args: string[]) => runSluice(args, { env: { SLUICE_URL: system.url, POSTGRES_URL: system.databaseUrl } });
const batch = (n: number, headers: Record<string, string> = {}) => send(system.url, 'POST', '/api/v1/executions/batch', { executions: Array.from({ length: n }, () => execution()) }, headers);

/** A transaction that somebody forgot, with the table of executions in its hands. */
async function forgotten(): Promise<{ pid: number; gone: Promise<unknown> }> {
  const client = new pg.Client({ connectionString: system.databaseUrl, application_name: 'report' });
  const gone = new Promise((resolve) => client.on('error', resolve));
  await client.connect();
  const [{ pid }] = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows as [{ pid: number }];
  await client.query('begin');
  await client.query('lock table execution in access exclusive mode');
  await client.query(`select '${SECRET}'::text`);
  return { pid, gone };
}

test('who holds writers up is found, without a word of its statement\'s values, and ended: what waited is written', async () => {
  const { pid, gone } = await forgotten();
  const waiting = batch(10);
  const found = await waitFor(async () => (await activity()).find((one) => one.pid === pid && one.holdsUp > 0), { ...LONG, what: 'the connection that holds others up' });
  expect(found).toMatchObject({ application: 'report', ofNode: false, state: 'idle in transaction', statement: 'SELECT' });
  const [first] = await activity();
  expect(first?.pid).toBe(pid);
  const told = await sluice('pools', 'activity');
  expect(told.out).toContain(`${pid} (report) holds `);
  expect(JSON.stringify(await activity()) + told.out).not.toContain(SECRET);

  expect(await disconnect(pid, { dryRun: true })).toMatchObject({ status: 200, body: { dryRun: true, connection: { pid } } });
  expect((await activity()).some((one) => one.pid === pid)).toBe(true);
  expect((await sluice('pools', 'disconnect', String(pid), '--why', 'forgotten')).out).toContain('It is ended.');
  await gone;
  expect((await waiting).status).toBe(201);
  expect(await query(system.databaseUrl, `select target, detail->>'why' as why from audit where operation = 'pools.disconnect'`)).toEqual([{ target: { pid }, why: 'forgotten' }]);
  await waitFor(async () => (await disconnect(pid)).status === 404, { ...LONG, what: 'the connection to be gone' });
}, 60_000);

test('a connection of a node is ended with force alone; the node opens another', async () => {
  const [{ pid }] = await query<{ pid: number }>(system.databaseUrl, `select pid from pg_stat_activity where application_name = $1 and datname = current_database() limit 1`, [`sluice ${system.writers[0]?.context.nodeId}`.slice(0, 63)]) as [{ pid: number }];
  expect(await disconnect(pid)).toMatchObject({ status: 409, body: { code: 'connection-of-a-node' } });
  expect((await disconnect(pid, { force: true })).status).toBe(200);
  expect((await batch(1)).status).toBe(201);
});

test('who sends too much is seen, and its key is limited while it sends', async () => {
  const made = async (client: string, roles: string) => JSON.parse((await sluice('key', 'create', client, '--roles', roles, '--json')).out) as { id: string; key: string };
  const [loud, quiet, ada] = [await made('loud', 'submit'), await made('quiet', 'submit'), await made('ada', 'operate')];
  const as = ({ key }: { key: string }) => ({ Authorization: `Bearer ${key}` });
  await waitFor(async () => (await send(system.url, 'GET', '/api/v1/clients')).status === 401 && (await send(system.url, 'GET', '/api/v1/clients', undefined, as(ada))).status === 200, { ...LONG, what: 'the edge to hear of the last key' });
  expect((await sluice('clients')).err).toContain('Put a key into SLUICE_KEY');
  expect((await sluice('send', 'examples/executions.ndjson', '--batch', '500')).err).toMatch(/Nothing was done\. Put a key into SLUICE_KEY/);
  expect((await batch(90, as(loud))).status).toBe(201);
  expect((await batch(10, as(quiet))).status).toBe(201);
  const { body } = await send(system.url, 'GET', '/api/v1/clients?since=10m', undefined, as(ada));
  const clients = (body.clients as ClientUse[]).filter(({ client }) => client === 'loud' || client === 'quiet');
  expect(clients).toMatchObject([{ client: 'loud', batches: 1, items: 90, keys: [{ id: loud.id, ratePerSecond: null }] }, { client: 'quiet', batches: 1, items: 10 }]);

  expect((await sluice('key', 'limit', loud.id, '--rate', '1', '--dry-run')).out).toContain('no limit → 1 a second. Nothing was changed.');
  expect((await sluice('key', 'revoke', loud.id, '--dry-run')).out).toMatch(/ of \S+ would be revoked: .*Nothing was changed\./);
  expect((await sluice('key', 'limit', loud.id, '--rate', '1')).out).toContain('no limit → 1 a second');
  await waitFor(async () => (await batch(1, as(loud))).status === 429, { ...LONG, what: 'the loud client to be held to its limit' });
  expect((await batch(1, as(quiet))).status).toBe(201);
  expect((await sluice('key', 'limit', loud.id, '--rate', 'none')).out).toContain('1 a second → no limit');
  const free = async () => (await Promise.all(Array.from({ length: 5 }, () => batch(1, as(loud))))).every(({ status }) => status === 201);
  await waitFor(free, { ...LONG, what: 'the limit to be gone' });
  expect(await query(system.databaseUrl, `select detail->'to'->'ratePerSecond' as rate from audit where operation = 'keys.limit' order by id`)).toEqual([{ rate: 1 }, { rate: null }]);
}, 60_000);
