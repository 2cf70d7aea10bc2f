import type { Pool } from 'pg';
import { dateOf, listedKey, LIST_API_KEYS } from '../db/queries/api-keys.ts';
import { runStatement } from '../db/run-statement.ts';
import { every } from '../runtime/every.ts';
import type { Logger } from '../runtime/log.ts';
import { isLoopback } from './authenticate.ts';
import { KeyRing } from './key-ring.ts';

/** How long a new or revoked key may take to be heard of. */
const LOOK_MS = 2_000;

/** The keys as this node knows them. */
export interface WatchedKeys {
  ring: KeyRing;
  stop(): Promise<void>;
}

interface Tools {
  pool: Pool;
  settings: { host: string; statementTimeout: number };
  log: Logger;
}

/**
 * Reads the keys, and goes on to look for new ones. A database that does not answer leaves those known, and at the start nobody is let in.
 * @throws Error where an address beyond loopback would be listened on, and it is not known that there is a key
 */
export async function watchKeys({ pool, settings, log }: Tools): Promise<WatchedKeys> {
  const ring = new KeyRing();
  const look = async () => {
    const rows = await runStatement(pool, LIST_API_KEYS, [], settings.statementTimeout);
    ring.replace(rows.map(listedKey), dateOf(rows[0]?.[11]) ?? new Date());
  };
  const isPublic = !isLoopback(settings.host) && settings.host !== 'localhost';
  try {
    await look();
  } catch (error) {
    if (isPublic) throw new Error(`HOST is ${settings.host}, and the keys could not be read from the database: without knowing that there is a key Sluice listens on loopback only.`, { cause: error });
    log.warn({ err: error }, 'the keys could not be read yet; requests are answered 503 until they are');
  }
  if (isPublic && ring.empty) throw new Error(`HOST is ${settings.host}, and there is no key: whoever reaches this address could do everything. Make a key first (sluice key create NAME --roles operate,submit; or SLUICE_INITIAL_KEY), or listen on 127.0.0.1.`);
  const looking = every(LOOK_MS, look, (error) => log.warn({ err: error }, 'the keys could not be read again; those known go on'));
  looking.start();
  return { ring, stop: () => looking.stop() };
}
