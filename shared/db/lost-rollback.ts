import type { PoolClient } from 'pg';

type Query = (...all: unknown[]) => unknown;

const forgiving = new WeakSet<PoolClient>();

/**
 * Lets a ROLLBACK on a connection that is gone succeed: PostgreSQL has rolled back what a lost connection left open.
 * Kysely's controlled transactions, which `em.transactional` uses, give a connection back only after a rollback that
 * worked; without this each connection lost within a transaction would take a place in the pool for ever.
 */
export function forgiveLostRollback(client: PoolClient): void {
  if (forgiving.has(client)) return;
  forgiving.add(client);
  const query = client.query.bind(client) as Query;
  (client as unknown as { query: Query }).query = (...all) => {
    const answer = query(...all);
    if (!isRollback(all[0]) || !(answer instanceof Promise)) return answer;
    return answer.catch((error: unknown) => {
      // An ERROR comes from a server that is still there; anything else means the connection has ended.
      if ((error as { severity?: string }).severity === 'ERROR') throw error;
      return { command: 'ROLLBACK', rowCount: 0, oid: 0, fields: [], rows: [] };
    });
  };
}

function isRollback(statement: unknown): boolean {
  const text = typeof statement === 'string' ? statement : (statement as { text?: unknown } | undefined)?.text;
  return typeof text === 'string' && text.trim().toLowerCase() === 'rollback';
}
