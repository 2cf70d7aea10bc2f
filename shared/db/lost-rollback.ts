import type { PoolClient } from 'pg';

type Query = (...all: unknown[]) => unknown;

const forgiving = new WeakSet<PoolClient>();
const DONE = { rowCount: 0, oid: 0, fields: [], rows: [] };

/**
 * Gives a connection that is lost in a transaction, or before it, back to the pool. Kysely's controlled transactions, which
 * `em.transactional` uses, give a connection back only after a ROLLBACK that worked, and never when the BEGIN failed: each would
 * take a place in the pool for ever, and the pool would never end.
 * - A ROLLBACK on a connection that is gone succeeds: PostgreSQL has rolled back what a lost connection left open.
 * - A BEGIN that fails seems to succeed; its failure is that of the statement after it, which is never sent, and the connection ends.
 */
export function forgiveLostRollback(client: PoolClient): void {
  if (forgiving.has(client)) return;
  forgiving.add(client);
  const query = client.query.bind(client) as Query;
  let notBegun: { failure: unknown } | undefined;
  (client as unknown as { query: Query }).query = (...all) => {
    if (notBegun !== undefined) return is(all[0], 'rollback') ? Promise.resolve({ command: 'ROLLBACK', ...DONE }) : Promise.reject(notBegun.failure as Error);
    const answer = query(...all);
    if (!(answer instanceof Promise)) return answer;
    if (is(all[0], 'begin')) {
      return answer.catch((failure: unknown) => {
        notBegun = { failure };
        void client.end().catch(() => undefined); // it is lost, or as good as lost
        return { command: 'BEGIN', ...DONE };
      });
    }
    if (!is(all[0], 'rollback')) return answer;
    return answer.catch((error: unknown) => {
      // An ERROR comes from a server that is still there; anything else means the connection has ended.
      if ((error as { severity?: string }).severity === 'ERROR') throw error;
      return { command: 'ROLLBACK', ...DONE };
    });
  };
}

function is(statement: unknown, what: 'begin' | 'rollback'): boolean {
  const text = typeof statement === 'string' ? statement : (statement as { text?: unknown } | undefined)?.text;
  return typeof text === 'string' && text.trim().toLowerCase() === what;
}
