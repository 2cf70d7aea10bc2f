import { setTimeout as sleep } from 'node:timers/promises';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import type { TakeTools } from '../take-batch.ts';

export const FIRST_PAUSE_MS = 100;
export const LONGEST_PAUSE_MS = 5_000;

/** Runs a statement of a large batch until PostgreSQL takes it. */
export type PersistLarge = (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;

/**
 * Statements of a batch that are tried until its deadline: PostgreSQL may be away for a while.
 * @param leftMs time to the deadline, counted from each statement's start
 */
export function persistLarge({ pool, log, now, statementTimeoutMs }: TakeTools, batchId: string, leftMs: number): PersistLarge {
  return async (statement, values) => {
    const until = now() + Math.max(0, leftMs);
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
      try {
        return await runStatement(pool, statement, values, statementTimeoutMs);
      } catch (error) {
        if (now() + pause >= until) throw error;
        log.warn({ err: error, batchId, statement: statement.name }, 'PostgreSQL did not take a statement of a large batch; tried again');
        await sleep(pause);
      }
    }
  };
}
