import pg from 'pg';

/** Runs one statement on a connection of its own; answers its rows. */
export async function query<Row = Record<string, unknown>>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    return (await client.query(text, values)).rows as Row[];
  } finally {
    await client.end();
  }
}

/** The ids of a table's rows that are among these, ascending. */
export async function storedIds(url: string, table: string, ids: readonly unknown[]): Promise<number[]> {
  return (await query<{ id: string }>(url, `select id from "${table}" where id = any($1::bigint[]) order by id`, [ids])).map((row) => Number(row.id));
}

export async function countRows(url: string, table: string): Promise<number> {
  return Number((await query<{ n: string }>(url, `select count(*) as n from "${table}"`))[0]?.n);
}
