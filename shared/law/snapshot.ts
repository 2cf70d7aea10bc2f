import type { Pool, PoolClient } from 'pg';
import type { NamedStatement } from '../db/queries/flush.ts';
import { openSnapshot } from '../db/queries/verify.ts';
import { StatementTimeout } from '../db/run-statement.ts';

/** Asks one statement inside the snapshot; answers its rows as arrays. */
export type Ask = (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;

/** What the server gets to end a statement by itself, before its connection is given up. */
const MARGIN_MS = 2_000;

/**
 * Runs `work` in one transaction that only reads one snapshot, with time limits of its own; the connection is lost if the
 * server says nothing at all.
 * @throws StatementTimeout, or PostgreSQL's error
 */
export async function inSnapshot<T>(pool: Pool, timeoutMs: number, work: (ask: Ask) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let sound = false;
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new StatementTimeout('verify', timeoutMs)), timeoutMs + MARGIN_MS);
    });
    const done = readOnly(client, timeoutMs, work);
    done.catch(() => undefined); // reported below, unless the time limit was first
    const result = await Promise.race([done, late]);
    sound = true;
    return result;
  } finally {
    clearTimeout(timer);
    client.release(!sound);
  }
}

async function readOnly<T>(client: PoolClient, timeoutMs: number, work: (ask: Ask) => Promise<T>): Promise<T> {
  await client.query(openSnapshot(timeoutMs));
  const result = await work(async ({ text }, values) => (await client.query<unknown[]>({ text, values, rowMode: 'array' })).rows);
  await client.query('commit');
  return result;
}
