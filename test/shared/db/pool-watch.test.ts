import pg from 'pg';
import { PoolWatch } from '../../../shared/db/pool-watch.ts';
import { postgresUrl } from '../../helpers/addresses.ts';

let pool: pg.Pool;
let watch: PoolWatch;
let now: number;
beforeEach(() => {
  now = 0;
  pool = new pg.Pool({ connectionString: postgresUrl(), max: 2, connectionTimeoutMillis: 300 });
  watch = new PoolWatch(pool, () => now);
});
afterEach(() => pool.end());

test('who holds a connection, for how long, and with which statement, is told until it is given back', async () => {
  const client = await watch.as('publisher').connect();
  now = 1_000;
  expect(watch.held(0, 'all')).toEqual([{ heldMs: 1_000, query: 'none', service: 'publisher' }]);
  await client.query({ name: 'relay-take', text: 'select $1::text', values: ['a value'] });
  expect(watch.held(0, 'all')).toMatchObject([{ query: 'relay-take' }]);
  expect(watch.held(1_001, 'all')).toEqual([]);
  client.release();
  expect(watch.held(0, 'all')).toEqual([]);
});

test('of a statement without a name only the first word is told: the rest can hold values', async () => {
  const client = await pool.connect();
  await client.query(`select 'a customer''s value'`);
  expect(watch.held(0, 'writer')).toEqual([{ heldMs: 0, query: 'select', service: 'writer' }]);
  await client.query({ text: `with secret as (select 'x') select * from secret` });
  expect(watch.held(0, 'writer')).toMatchObject([{ query: 'with' }]);
  client.release();
});

test('the longest comes first, and each taking is overdue once', async () => {
  const first = await pool.connect();
  now = 400;
  const second = await watch.as('batcher').connect();
  now = 1_000;
  expect(watch.held(0, 'x').map(({ heldMs }) => heldMs)).toEqual([1_000, 600]);
  expect(watch.overdue(900, 'x')).toMatchObject([{ heldMs: 1_000, service: 'x' }]);
  expect(watch.overdue(900, 'x')).toEqual([]);
  now = 2_000;
  expect(watch.overdue(900, 'x')).toMatchObject([{ heldMs: 1_600, service: 'batcher' }]);
  second.release();
  const again = await pool.connect();
  now = 3_000;
  expect(watch.overdue(900, 'x')).toMatchObject([{ heldMs: 1_000 }]);
  again.release();
  first.release();
});

test('waits, uses and waits in vain are told as they end', async () => {
  const told: unknown[] = [];
  watch.events = { taken: (ms) => told.push(['taken', ms]), given: (ms, overdue) => told.push(['given', ms, overdue]), timedOut: () => told.push('timed out') };
  const first = await pool.connect();
  const second = await watch.as('writer').connect();
  const third = pool.connect();
  now = 50;
  first.release();
  (await third).release();
  expect(told).toEqual([['taken', 0], ['taken', 0], ['given', 50, false], ['taken', 50], ['given', 0, false]]);
  const other = await pool.connect();
  await expect(pool.connect()).rejects.toThrow('timeout exceeded');
  await expect(pool.query('select 1')).rejects.toThrow('timeout exceeded');
  expect(told.slice(6)).toEqual(['timed out', 'timed out']);
  watch.overdue(0, 'x');
  now = 90;
  other.release(true); // destroyed instead of given back: it is no longer held either
  second.release();
  expect(told.slice(8)).toEqual([['given', 40, true], ['given', 90, true]]);
});

test('queries through the pool, with and without a callback, answer as they did, under any name', async () => {
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  expect((await watch.as('writer').query<{ two: number }>('select $1::int as two', [2])).rows).toEqual([{ two: 2 }]);
  await expect(watch.as('writer').query('select nonsense')).rejects.toThrow('nonsense');
  const called = await new Promise((resolve, reject) => pool.query('select 3 as three', (error: Error | undefined, result) => (error === undefined ? resolve(result.rows) : reject(error))));
  expect(called).toEqual([{ three: 3 }]);
  expect(watch.held(0, 'x')).toEqual([]);
  expect(watch.as('writer').totalCount).toBe(pool.totalCount);
  expect(watch.as('writer').options).toBe(pool.options);
});
