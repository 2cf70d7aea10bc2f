import { readSettings } from '../../shared/config/load.ts';
import { migrate } from '../../shared/db/migrate.ts';
import { loadKinds } from '../../shared/records/load-kinds.ts';
import { runSql, withDatabase } from './database.ts';

/**
 * Makes the database that createDatabase clones: all migrations run with the default settings, and closed to connections, which would
 * stop the cloning.
 */
export async function makeTemplate(server: string, name: string): Promise<void> {
  await runSql(server, `CREATE DATABASE ${name}`);
  await migrate(withDatabase(server, name), await loadKinds(''), readSettings({}).settings);
  await runSql(server, `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
}

/** Removes the template. */
export async function dropTemplate(server: string, name: string): Promise<void> {
  await runSql(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}
