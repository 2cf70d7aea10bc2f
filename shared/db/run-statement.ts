import type { Pool, PoolClient } from 'pg';
import type { NamedStatement } from './queries/flush.ts';

/** A statement that took longer than the client allowed; its connection was destroyed, its outcome is unknown. */
export class StatementTimeout extends Error {
  constructor(name: string, ms: number) {
    super(`the statement ${name} had no answer within ${ms} ms`);
    this.name = 'StatementTimeout';
  }
}

/**
 * Runs one named statement in autocommit on a connection of the pool. The server's statement_timeout ends it first in
 * all ordinary cases; the time limit here is for a server or network that says nothing at all.
 * @returns the rows, as arrays of columns
 */
export async function runStatement(pool: Pool, statement: NamedStatement, values: unknown[], timeoutMs: number): Promise<unknown[][]> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    return await runOn(client, statement, values, timeoutMs);
  } catch (error) {
    failure = error as Error;
    throw error;
  } finally {
    release(client, failure);
  }
}

/** The same on a connection that the caller holds; after an error other than PostgreSQL's own ERROR it must not be used again. */
export async function runOn(client: PoolClient, statement: NamedStatement, values: unknown[], timeoutMs: number): Promise<unknown[][]> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new StatementTimeout(statement.name, timeoutMs)), timeoutMs);
    });
    const answer = client.query<unknown[]>({ name: statement.name, text: statement.text, values, rowMode: 'array' });
    answer.catch(() => undefined); // reported below, unless the time limit was first
    return (await Promise.race([answer, late])).rows;
  } finally {
    clearTimeout(timer);
  }
}

/** Gives a connection back; one whose state isn't known any more, or that the server is closing (FATAL), is destroyed. */
export function release(client: PoolClient, failure: (Error & { severity?: string }) | undefined): void {
  client.release(failure !== undefined && failure.severity !== 'ERROR');
}
