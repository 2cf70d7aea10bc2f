import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { readSettings } from '../../shared/config/load.ts';
import { migrate } from '../../shared/db/migrate.ts';
import { loadKinds } from '../../shared/records/load-kinds.ts';

/** Databases of one server, each with all tables and no rows. */
export interface Databases {
  create(): Promise<string>;
  drop(url: string): Promise<void>;
}

/** Migrates once, into a template that every database is copied from. */
export async function openDatabases(server: string): Promise<Databases> {
  const template = await named(server);
  const { settings } = readSettings({ POSTGRES_URL: template });
  await migrate(template, await loadKinds(''), settings);
  return {
    create: () => named(server, new URL(template).pathname.slice(1)),
    drop: async (url) => {
      await query(server, `DROP DATABASE IF EXISTS ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
    },
  };
}

async function named(server: string, template = 'template1'): Promise<string> {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  await query(server, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs one statement on a connection of its own. */
export async function query<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
