import pg from 'pg';
import { surviveBreaks } from '../../../shared/db/survive-breaks.ts';
import { createDatabase } from '../../helpers/database.ts';
import { query } from '../../helpers/query.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('a connection that PostgreSQL ends between two statements ends no process: the next statement fails, and the pool has another', async () => {
  const database = await createDatabase();
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  surviveBreaks(pool);
  try {
    const client = await pool.connect();
    const [row] = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows;
    let ended = false;
    client.on('end', () => (ended = true));
    await query(database.url, 'select pg_terminate_backend($1)', [row?.pid]);
    await waitFor(() => ended, { what: 'the connection to end' });
    await expect(client.query('select 1')).rejects.toThrow();
    client.release();
    expect((await pool.query('select 2 as n')).rows).toEqual([{ n: 2 }]);
  } finally {
    await pool.end();
    await database.drop();
  }
});
