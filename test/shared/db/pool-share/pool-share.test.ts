import { pino } from 'pino';
import pg from 'pg';
import { NoConnectionsLeft, PoolShare } from '../../../../shared/db/pool-share/pool-share.ts';
import { createDatabase, type TestDatabase } from '../../../helpers/database.ts';
import { uniqueName } from '../../../helpers/namespace.ts';
import { query } from '../../../helpers/query.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

const LEASE_MS = 600;
const LONG = { timeoutMs: 30_000 };

let own: TestDatabase;
let most: number;
const nodes: { pool: pg.Pool; share: PoolShare }[] = [];
beforeAll(async () => {
  own = await createDatabase();
  const [row] = await query<{ most: number }>(own.url, `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as most`);
  most = row?.most ?? 0;
});
afterEach(async () => {
  for (const { pool, share } of nodes.splice(0)) {
    await share.leave();
    await pool.end();
  }
  await query(own.url, 'delete from pool_share');
});
afterAll(() => own.drop());

/** A node that wants so many connections, of `all` that there are for nodes. */
function node(name: string, wanted: number, least: number, all: number) {
  const pool = new pg.Pool({ connectionString: own.url, max: 2, connectionTimeoutMillis: 5_000 });
  pool.on('error', () => undefined);
  const share = new PoolShare({ pool, node: name, wanted, least, reserve: most - all, leaseMs: LEASE_MS, timeoutMs: 10_000, log: pino({ level: 'silent' }) });
  nodes.push({ pool, share });
  return { pool, share, size: () => pool.options.max };
}
const granted = async () => Number((await query<{ sum: string }>(own.url, 'select sum(granted) as sum from pool_share'))[0]?.sum);

test('F11 whoever joins gets what is left, the others shrink as connections come free, and grow again when it leaves', async () => {
  const one = node('one', 8, 2, 10);
  await one.share.join();
  expect(one.size()).toBe(8);
  const held = await Promise.all(Array.from({ length: 8 }, () => one.pool.connect()));
  const two = node('two', 8, 2, 10);
  await two.share.join();
  expect(two.size()).toBe(2);
  // All of one's are in use: none can be closed yet, and two may not have them.
  await waitFor(() => one.size() === 5, { ...LONG, what: 'the first to be meant to shrink' });
  expect([one.pool.totalCount, await granted()]).toEqual([8, 10]);
  for (const client of held) client.release();
  await waitFor(() => one.pool.totalCount <= 5 && two.size() === 5, { ...LONG, what: 'both to have half' });
  expect(await granted()).toBe(10);
  await one.share.leave();
  await waitFor(() => two.size() === 8, { ...LONG, what: 'the second to grow' });
});

test('F11 who cannot have the least it needs does not start, and says why', async () => {
  const one = node('one', 6, 6, 8);
  await one.share.join();
  const two = node('two', 6, 3, 8);
  const reason = await two.share.join().then(() => 'joined', (error: unknown) => error);
  expect(reason).toBeInstanceOf(NoConnectionsLeft);
  expect((reason as Error).message).toMatch(/^PostgreSQL takes \d+ connections; 3 of them are kept for superusers, \d+ for others \(POOL_RESERVE\), and 1 nodes need 6 of the remaining 8\. This node needs at least 3\. Raise max_connections/);
  expect(await query(own.url, 'select node from pool_share')).toEqual([{ node: 'one' }]);
  expect(one.size()).toBe(6);
});

test('who waits is let in when another leaves', async () => {
  const one = node('one', 6, 6, 8);
  await one.share.join();
  const two = node('two', 6, 3, 8);
  const joins = two.share.join();
  await waitFor(async () => (await query(own.url, `select 1 from pool_share where node = 'two' and granted = 0`)).length === 1, { ...LONG, what: 'it to wait' });
  await one.share.leave();
  await joins;
  expect(two.size()).toBe(6);
});

test('the share of a node that died is free when its lease is over, one whose clock had jumped at once', async () => {
  await query(own.url, `insert into pool_share (node, wanted, least, granted, until) values ('dead', 9, 9, 9, now() + interval '700 ms'), ('ahead', 9, 9, 9, now() + interval '1 day')`);
  const one = node('one', 8, 8, 10);
  await one.share.join();
  expect(one.size()).toBe(8);
  expect(await query(own.url, 'select node from pool_share')).toEqual([{ node: 'one' }]);
});

test('many that join at once never have more than there is', async () => {
  const many = Array.from({ length: 6 }, (_, i) => node(`node-${i}`, 8, 2, 15));
  await Promise.all(many.map(({ share }) => share.join()));
  await waitFor(() => many.reduce((sum, { size }) => sum + (size() ?? 0), 0) === 15, { ...LONG, what: 'all to be shared out' });
  expect(await granted()).toBe(15);
});

test('F11 where PostgreSQL itself has no connection left, who joins waits for one, and says so when none comes free', async () => {
  const role = uniqueName('few').replaceAll('-', '_');
  await query(own.url, `create role ${role} login connection limit 0 password 'p'`);
  const url = new URL(own.url);
  [url.username, url.password] = [role, 'p'];
  try {
    await query(own.url, `grant all on pool_share to ${role}`);
    const pool = new pg.Pool({ connectionString: url.href, max: 1 });
    const join = () => new PoolShare({ pool, node: 'few', wanted: 2, least: 1, reserve: 0, leaseMs: LEASE_MS, timeoutMs: 10_000, log: pino({ level: 'silent' }) });
    await expect(join().join()).rejects.toThrow(/^PostgreSQL takes no more connections/);
    const later = join();
    const joins = later.join();
    await query(own.url, `alter role ${role} connection limit 5`);
    await joins;
    expect(pool.options.max).toBe(2);
    await later.leave();
    await pool.end();
  } finally {
    await query(own.url, `drop owned by ${role}`);
    await query(own.url, `drop role ${role}`);
  }
});

test('started again under its name a node has its own share again', async () => {
  await query(own.url, `insert into pool_share (node, wanted, least, granted, until) values ('one', 8, 4, 8, now() + interval '10 min')`);
  const one = node('one', 8, 4, 8);
  await one.share.join();
  expect(one.size()).toBe(8);
});
