import pg from 'pg';
import { createDatabase } from './database.ts';

const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
};

test('each database has all tables and sees nothing of the other', async () => {
  const [one, other] = await Promise.all([createDatabase(), createDatabase()]);
  try {
    await query(one.url, 'CREATE TABLE only_here (id int)');
    const tables = "SELECT to_regclass('ledger') IS NOT NULL AS ledger, to_regclass('only_here') IS NOT NULL AS mine";
    await expect(query(one.url, tables)).resolves.toEqual([{ ledger: true, mine: true }]);
    await expect(query(other.url, tables)).resolves.toEqual([{ ledger: true, mine: false }]);
  } finally {
    await Promise.all([one.drop(), other.drop()]);
  }
});

test('a dropped database is gone, whoever was still connected', async () => {
  const database = await createDatabase();
  const connected = new pg.Client({ connectionString: database.url });
  const ended = new Promise((resolve) => connected.on('error', resolve));
  await connected.connect();
  await database.drop();
  await ended;
  await expect(query(database.url, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' });
});
