import type { Settings } from '../../shared/config/settings.ts';
import { migrate, SchemaMismatch } from '../../shared/db/migrate.ts';
import { loadKinds } from '../../shared/records/load-kinds.ts';
import { CliError, EXIT } from '../cli-error.ts';
import type { Say } from './say.ts';

/** Not reached, or let in: wrong address, name, password, database. */
const CANNOT_CONNECT = /^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENET|28|3D000|08|57P03)/;

/**
 * Brings the database up to date, before any node uses it. Returns the address.
 * @throws CliError that names POSTGRES_URL when it cannot be reached, or tells how entities and tables differ
 */
export async function migrateOnce(postgresUrl: string, settings: Settings, say: Say): Promise<string> {
  const began = performance.now();
  try {
    const { applied, createdTables } = await migrate(postgresUrl, await loadKinds(settings.recordKinds), settings);
    const done = [applied.length > 0 ? `${applied.length} migrations` : '', createdTables.length > 0 ? `tables made: ${createdTables.join(', ')}` : ''].filter((text) => text !== '');
    say.done('database', done.length > 0 ? done.join(', ') : 'is up to date', performance.now() - began);
    return postgresUrl;
  } catch (error) {
    if (error instanceof SchemaMismatch) throw new CliError(error.message, EXIT.system, error);
    const code = (error as { code?: unknown }).code;
    const message = error instanceof Error ? error.message : String(error);
    if ((typeof code !== 'string' || !CANNOT_CONNECT.test(code)) && !message.includes('timeout')) throw error;
    const { host, pathname } = new URL(postgresUrl);
    throw new CliError(`POSTGRES_URL: the database ${pathname.slice(1)} at ${host} cannot be used (${message || String(code)}).`, EXIT.system, error);
  }
}
