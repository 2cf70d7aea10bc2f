import type { Pool, PoolClient } from 'pg';

/**
 * A connection that breaks while nothing runs on it says so by an event, which ends the process if nobody listens: in the pool, or
 * between two statements of whoever has it. Here it is heard: the pool replaces such a connection, and the next statement on it fails.
 */
export function surviveBreaks(pool: Pool): void {
  const heard = new WeakSet<PoolClient>();
  pool.on('error', () => undefined);
  // On acquire: the ORM has opened its first connection before it shows the pool.
  pool.on('acquire', (client) => {
    if (heard.has(client)) return;
    heard.add(client);
    client.on('error', () => undefined);
  });
}
