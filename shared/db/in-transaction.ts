import type { Pool, PoolClient } from 'pg';
import type { NamedStatement } from './queries/flush.ts';
import { StatementTimeout } from './run-statement.ts';

/** Asks one statement inside a transaction; answers its rows as arrays. */
export type Ask = (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;

const BEGIN = {
  write: 'begin',
  read: 'begin isolation level repeatable read read only',
};

/**
 * Runs `work` in one short transaction: all of it is committed, or nothing when it throws. With `read` it sees one snapshot and
 * can change nothing. The server's limits end it first in all ordinary cases; `timeoutMs` is for a server or network that says
 * nothing at all: then the connection is destroyed, and the outcome is unknown.
 * @throws what `work` throws, StatementTimeout, PostgreSQL's error
 */
export async function inTransaction<T>(pool: Pool, mode: 'read' | 'write', timeoutMs: number, work: (ask: Ask) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let sound = false;
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new StatementTimeout('transaction', timeoutMs)), timeoutMs);
    });
    const done = committed(client, mode, work);
    done.catch(() => undefined); // reported below, unless the time limit was first
    const outcome = await Promise.race([done, late]);
    sound = !('broken' in outcome);
    if ('failure' in outcome) throw outcome.failure;
    return outcome.result;
  } finally {
    clearTimeout(timer);
    client.release(!sound);
  }
}

type Outcome<T> = { result: T } | { failure: unknown; broken?: true };

/** A transaction that failed is rolled back; if even that fails, the connection is not used again. */
async function committed<T>(client: PoolClient, mode: 'read' | 'write', work: (ask: Ask) => Promise<T>): Promise<Outcome<T>> {
  const ask: Ask = async ({ name, text }, values) => (await client.query<unknown[]>({ ...(name === '' ? {} : { name }), text, values, rowMode: 'array' })).rows;
  try {
    await client.query(BEGIN[mode]);
    const result = await work(ask);
    await client.query('commit');
    return { result };
  } catch (failure) {
    try {
      await client.query('rollback');
      return { failure };
    } catch {
      return { failure, broken: true }; // the first failure says more than that of the rollback
    }
  }
}
