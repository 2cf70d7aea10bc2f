import { connectDatabase } from '../../../shared/db/connect.ts';
import { readSettings } from '../../../shared/config/load.ts';
import { loadKinds } from '../../../shared/records/load-kinds.ts';
import { createDatabase, type TestDatabase } from '../../helpers/database.ts';
import { uniqueName } from '../../helpers/namespace.ts';
import { query } from '../../helpers/query.ts';
import { waitFor } from '../../helpers/wait-for.ts';

let own: TestDatabase;
beforeAll(async () => {
  own = await createDatabase();
});
afterAll(() => own.drop());

const connections = async (applicationName: string) => (await query<{ count: number }>(own.url, 'select count(*)::int as count from pg_stat_activity where application_name = $1', [applicationName]))[0]?.count;

test.each(['the pool', 'the ORM'])('close ends every connection at once, whoever was asked: %s', async (who) => {
  const applicationName = uniqueName('closes');
  const database = await connectDatabase(own.url, await loadKinds(''), readSettings({}).settings, { max: 3, applicationName });
  await (who === 'the pool' ? database.pool.query('select 1') : database.orm.em.getConnection().execute('select 1'));
  expect(await connections(applicationName)).toBeGreaterThan(0);
  await database.close();
  // Sooner than the pool lets go of idle connections by itself.
  await waitFor(async () => (await connections(applicationName)) === 0, { timeoutMs: 5_000, what: 'the connections to end' });
});

test('a connection that is lost while it idles, and found out by a transaction\'s BEGIN, takes no place in the pool', async () => {
  const database = await connectDatabase(own.url, await loadKinds(''), readSettings({}).settings, { max: 2, applicationName: uniqueName('lost') });
  for (let round = 0; round < 6; round++) {
    const client = await database.pool.connect();
    const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection;
    client.release();
    stream.destroy(); // nobody has heard of it yet
    await expect(database.orm.em.fork().transactional((em) => em.getConnection().execute('select 1', [], 'get', em.getTransactionContext()))).rejects.toThrow(/[Cc]onnection/);
  }
  await expect(database.orm.em.fork().transactional((em) => em.getConnection().execute('select 1 as one', [], 'get', em.getTransactionContext()))).resolves.toEqual({ one: 1 });
  await waitFor(() => database.pool.totalCount === database.pool.idleCount, { what: 'every connection to be back in the pool' });
  await database.close();
});
