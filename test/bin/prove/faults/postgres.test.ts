import { POSTGRES_DISK } from '../../../../bin/prove/faults/postgres-disk.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { smallSystem, sqlState } from './small-system.ts';

const system = smallSystem();
const { inject, store, untilStores } = system;
const sql = <Row = Record<string, unknown>>(text: string, values?: unknown[]) => system.target.postgres.sql<Row>(text, values);
const SHARDS = 32;
const INSERT_NOTHING = 'insert into execution select * from execution where false';

/** A statement under the settings that are given, in a session of its own. */
async function underSettings(settings: string, text: string): Promise<unknown> {
  const session = await system.target.postgres.session();
  try {
    await session.sql(settings);
    return await session.sql(text);
  } finally {
    await session.end();
  }
}

test('postgres-stopped: PostgreSQL is gone, and back at the end', async () => {
  await untilStores();
  const end = await inject('postgres-stopped');
  expect(await sqlState(sql('select 1'))).toBe('ECONNREFUSED');
  expect(await store()).not.toBe(201);
  await end();
  await untilStores();
});

test('postgres-crash: every session breaks, and PostgreSQL recovers by itself', async () => {
  const session = await system.target.postgres.session();
  await untilStores();
  const end = await inject('postgres-crash');
  await waitFor(async () => (await sqlState(session.sql('select 1'))) !== '', { what: 'a session that stood before to break' });
  await session.end();
  await end();
  await untilStores();
});

test('postgres-frozen: sessions stand and nothing answers, until the end', async () => {
  const session = await system.target.postgres.session();
  await untilStores();
  const end = await inject('postgres-frozen');
  const answer = session.sql('select 1');
  expect(await store()).not.toBe(201);
  expect(await Promise.race([answer, Promise.resolve('nothing')])).toBe('nothing');
  await end();
  await answer;
  await session.end();
  await untilStores();
});

test('postgres-terminated: none of the connections before is left, and later ones are ended too', async () => {
  const pids = async () => (await sql<{ pid: number }>(`select pid from pg_stat_activity where backend_type = 'client backend' and datname = current_database() and application_name <> 'sluice-prove'`)).map(({ pid }) => pid);
  await untilStores();
  let before = await pids();
  const end = await inject('postgres-terminated');
  for (let round = 0; round < 2; round++) {
    await waitFor(async () => !(await pids()).some((pid) => before.includes(pid)), { what: 'the connections to be ended' });
    before = await waitFor(async () => (await pids()).length > 0 && (await pids()), { what: 'new connections' });
  }
  await end();
  await untilStores();
});

test('postgres-read-only: nothing can be written (25006), until the end', async () => {
  await untilStores();
  const end = await inject('postgres-read-only');
  expect(await sqlState(sql('create table nothing ()'))).toBe('25006');
  expect(await store()).not.toBe(201);
  await end();
  expect(await sqlState(sql('create table nothing (); drop table nothing'))).toBe('');
  await untilStores();
});

test('postgres-statement-timeout: a write of executions runs into its time limit (57014)', async () => {
  const end = await inject('postgres-statement-timeout');
  expect(await sqlState(underSettings(`set statement_timeout = '100ms'`, INSERT_NOTHING))).toBe('57014');
  expect(await store()).not.toBe(201);
  await end();
  expect(await sqlState(sql(INSERT_NOTHING))).toBe('');
  await untilStores();
});

test('postgres-locked: a write of executions waits for a lock (55P03)', async () => {
  const end = await inject('postgres-locked');
  expect(await sqlState(underSettings(`set lock_timeout = '100ms'`, INSERT_NOTHING))).toBe('55P03');
  expect(await store()).not.toBe(201);
  await end();
  expect(await sqlState(sql(INSERT_NOTHING))).toBe('');
  await untilStores();
});

test('postgres-deadlock: flushes are the victims of deadlocks', async () => {
  const deadlocks = async () => Number((await sql<{ count: string }>('select deadlocks::text as count from pg_stat_database where datname = current_database()'))[0]?.count);
  await untilStores();
  const before = await deadlocks();
  const end = await inject('postgres-deadlock');
  await waitFor(async () => (await store(), (await deadlocks()) > before), { timeoutMs: 30_000, what: 'PostgreSQL to count a deadlock' });
  await end();
  await untilStores();
});

test('postgres-disk-full-raised: a write of executions is answered with 53100', async () => {
  const end = await inject('postgres-disk-full-raised');
  expect(await sqlState(sql(INSERT_NOTHING))).toBe('53100');
  expect(await store()).not.toBe(201);
  await end();
  expect(await sqlState(sql(INSERT_NOTHING))).toBe('');
  await untilStores();
});

test('postgres-disk-full: executions have no room left, and have it again at the end; or the fault says why it is impossible', async () => {
  const why = await POSTGRES_DISK[0]?.impossible?.(system.target);
  if (why !== undefined) return expect(why).toContain('root');
  await untilStores();
  const first = 1_900_000_000;
  const fill = () => sql(`insert into execution (id, execution_status, trade_type, destination, security_id, quantity, received_timestamp) select ${first} + i, 'NEW', 'BUY', 'ML', 'x', 1, now() from generate_series(1, 50000) i`);
  const end = await inject('postgres-disk-full');
  expect(await sqlState(fill())).toBe('53100');
  await end();
  expect(await sqlState(fill())).toBe('');
  await sql(`delete from execution where id > ${first}`);
  expect(await sql(`select spcname from pg_tablespace where spcname like 'prove%'`)).toEqual([]);
  await untilStores();
});

test.each([
  ['clock-behind-postgres', 'an hour ahead', '> 3000'],
  ['clock-ahead-postgres', 'over for an hour', '< -3000'],
])('%s: the leases are %s, and the relay takes its shards up again all the same', async (name, _, bitten) => {
  const shards = async (where: string) => (await sql<{ count: number }>(`select count(*)::int as count from relay_shard where sink = 'kafka:${system.target.kafka.topic}' and extract(epoch from until - now()) ${where}`))[0]?.count;
  await waitFor(async () => (await shards('between 0 and 60')) === SHARDS, { timeoutMs: 30_000, what: 'the relay to own all shards' });
  const relay = system.target.nodes('relay')[0];
  relay?.signal('SIGSTOP'); // else it might have put all right before it was looked at
  try {
    await inject(name);
    expect(await shards(bitten)).toBe(SHARDS);
  } finally {
    relay?.signal('SIGCONT');
  }
  await waitFor(async () => (await shards('between 0 and 60')) === SHARDS, { timeoutMs: 30_000, what: 'the relay to own all shards again' });
  await untilStores();
});
