import { isFinal, moved, type BatchCommand, type BatchState } from '../../../shared/batches/states.ts';
import { MOVE_LARGE } from '../../../shared/db/queries/large-batches.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { TakeTools } from '../take-batch.ts';
import { endLarge } from './end-large.ts';
import { readLarge } from './large-row.ts';

/**
 * Carries out a client's command on a large batch; a command that has been carried out already is no error.
 * @returns the batch's state then
 * @throws ProblemError 404; 409 `not-now`, which says what is allowed
 */
export async function steer(tools: TakeTools, id: string, client: string, command: BatchCommand): Promise<BatchState> {
  for (;;) {
    const row = await readLarge(tools.pool, id, tools.leaseMs, tools.statementTimeoutMs);
    if (row === undefined || row.client !== client) throw new ProblemError({ status: 404, code: 'not-found', title: 'No such batch', detail: 'There is no large batch with this id.' });
    if (isRepeat(row.state, command)) return row.state;
    const next = moved(row.state, command, row.beforePause);
    if ('allowed' in next) throw notNow(row.state, command, next.allowed);
    // Somebody may have moved it meanwhile, or it came to another end: then it is looked at again.
    if (command === 'cancel') await endLarge(tools, id, 'CANCELLED', null, null);
    else if ((await runStatement(tools.pool, MOVE_LARGE, [id, [row.state], next.state, row.version], tools.statementTimeoutMs)).length > 0) return next.state;
  }
}

function isRepeat(state: BatchState, command: BatchCommand): boolean {
  return (command === 'pause' && state === 'PAUSED') || (command === 'cancel' && (state === 'CANCELLED' || state === 'CANCELLING')) || (command === 'start' && state === 'RUNNING');
}

function notNow(state: BatchState, command: BatchCommand, allowed: readonly BatchCommand[]): ProblemError {
  const may = allowed.length > 0 ? `Now allowed: ${allowed.join(', ')}.` : isFinal(state) ? 'It has ended; nothing can be changed any more.' : 'Nothing can be changed at this moment; ask again.';
  return new ProblemError({ status: 409, code: 'not-now', title: 'Not in this state', detail: `The batch is ${state}; it cannot ${command}. ${may}`, extra: { state, allowed } });
}
