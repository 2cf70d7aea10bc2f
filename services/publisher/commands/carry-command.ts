import type { Pool } from 'pg';
import { ALLOCATE_BY_COMMAND, START_BY_COMMAND } from '../../../shared/db/queries/batch-commands.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { carryAnswer, type AnswerSteps } from './carry-answer.ts';
import type { Command, Refusal } from './read-command.ts';

export interface CarryTools {
  pool: Pool;
  statementTimeoutMs: number;
  /** Most parallelism that is granted. */
  maxParallelism: number;
  /** Of the kinds whose items are handed out. */
  steps: AnswerSteps;
  random: () => number;
}

/** What came of an event; `repeat`: it had its effect before. */
export type CarriedOut = { outcome: 'done' | 'repeat' } | ({ outcome: 'refused' } & Refusal);

/**
 * Carries out what an event says, once, however often it comes.
 * @throws what PostgreSQL failed with: then nothing was done, or it will be found done
 */
export async function carryCommand(command: Command, tools: CarryTools): Promise<CarriedOut> {
  if (command.type === 'ItemProcessingCompleted') return carryAnswer(command, tools);
  const { pool, statementTimeoutMs, maxParallelism } = tools;
  const [row] =
    command.type === 'BatchInitialized'
      ? await runStatement(pool, START_BY_COMMAND, [command.id, command.batchId], statementTimeoutMs)
      : await runStatement(pool, ALLOCATE_BY_COMMAND, [command.id, command.batchId, Math.min(command.parallelism, maxParallelism)], statementTimeoutMs);
  if (row === undefined) return { outcome: 'refused', code: 'not-found', reason: 'There is no large batch with this id.' };
  const [state, effect, known] = row as [string, string | null, boolean];
  if (effect !== null) return { outcome: 'done' };
  if (known) return { outcome: 'repeat' };
  const why = command.type === 'BatchInitialized' && state === 'RECEIVING' ? 'it can be started when its upload is complete' : `${command.type} has no meaning then`;
  return { outcome: 'refused', code: 'not-now', reason: `The batch is ${state}; ${why}.` };
}
