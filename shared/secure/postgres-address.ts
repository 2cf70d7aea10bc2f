import type { ConnectionOptions } from 'node:tls';
import { readFileSync } from 'node:fs';
import type { Settings } from '../config/settings.ts';
import { settingFile } from './setting-file.ts';

/** How PostgreSQL is reached: for `pg`, which would let what the address says of TLS win over `ssl`. */
export interface PostgresAddress {
  connectionString: string;
  ssl?: ConnectionOptions;
}

const MODES = ['disable', 'require', 'verify-ca', 'verify-full'];
/** libpq's names of files in an address. */
const FILES = { sslrootcert: 'ca', sslcert: 'cert', sslkey: 'key' } as const;

/**
 * Splits an address into what is left without TLS, and TLS as libpq means it: `require` encrypts, and with a CA checks by whom the certificate was
 * signed; `verify-full` checks the name as well. A CA without a mode means `verify-full`.
 * @throws Error for another mode, or a file that cannot be read; it names no part of the address
 */
export function postgresAddress(url: string, { postgresCa }: Pick<Settings, 'postgresCa'>): PostgresAddress {
  const query = url.indexOf('?');
  const parameters = new URLSearchParams(query === -1 ? '' : url.slice(query + 1));
  const files: Partial<Record<'ca' | 'cert' | 'key', string>> = postgresCa === '' ? {} : { ca: settingFile('postgresCa', postgresCa) };
  for (const [name, as] of Object.entries(FILES)) {
    const path = parameters.get(name);
    if (path === null) continue;
    try {
      files[as] = readFileSync(path, 'utf8');
    } catch (error) {
      throw new Error(`POSTGRES_URL names ${path} as ${name}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`, { cause: error });
    }
  }
  const mode = parameters.get('sslmode') ?? (files.ca === undefined ? 'disable' : 'verify-full');
  if (!MODES.includes(mode)) throw new Error(`POSTGRES_URL: sslmode must be one of ${MODES.join(', ')}: the others of libpq go on without TLS where the server has none.`);
  for (const name of ['sslmode', ...Object.keys(FILES)]) parameters.delete(name);
  const left = parameters.toString();
  const connectionString = `${query === -1 ? url : url.slice(0, query)}${left === '' ? '' : `?${left}`}`;
  if (mode === 'disable') return { connectionString };
  const anyName = { checkServerIdentity: () => undefined };
  if (mode === 'verify-full') return { connectionString, ssl: files };
  return { connectionString, ssl: { ...files, ...(mode === 'verify-ca' || files.ca !== undefined ? anyName : { rejectUnauthorized: false }) } };
}
