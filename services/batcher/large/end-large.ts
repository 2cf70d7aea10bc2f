import type { BatchState } from '../../../shared/batches/states.ts';
import { CLOSE_FENCE, COUNT_ACCEPTED, END_LARGE, MOVE_LARGE, OVERDUE_LARGE } from '../../../shared/db/queries/large-batches.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import type { TakeTools } from '../take-batch.ts';

type EndTools = Pick<TakeTools, 'pool' | 'statementTimeoutMs' | 'onSettle' | 'owner' | 'batchesSink'>;

const LIVE: readonly BatchState[] = ['RECEIVING', 'READY', 'RUNNING', 'PAUSED', 'CANCELLING'];

/**
 * Ends a large batch as FAILED or CANCELLED: the fence is closed first, so what the ledger holds then is all there is,
 * and the event that tells of it has the counts for good.
 * Harmless when it has ended already. Waits for running flushes at most lock_timeout.
 */
export async function endLarge(tools: EndTools, id: string, state: 'FAILED' | 'CANCELLED', code: string | null, message: string | null): Promise<void> {
  const run = (statement: Parameters<typeof runStatement>[1], values: unknown[]) => runStatement(tools.pool, statement, values, tools.statementTimeoutMs);
  if (state === 'CANCELLED') await run(MOVE_LARGE, [id, LIVE.filter((s) => s !== 'CANCELLING'), 'CANCELLING', null]);
  if ((await run(CLOSE_FENCE, [id])).length > 0) tools.onSettle(state === 'CANCELLED' ? 'cancel' : 'failed');
  await run(COUNT_ACCEPTED, [id]);
  await run(END_LARGE, [id, LIVE, state, code, message, tools.batchesSink, tools.owner]);
}

/** Ends what is past its deadline, and what an edge left half way to its end. Any edge may do it, all may. */
export async function endOverdue(tools: EndTools): Promise<void> {
  for (const [id, state, late] of await runStatement(tools.pool, OVERDUE_LARGE, [], tools.statementTimeoutMs)) {
    if (state === 'CANCELLING') await endLarge(tools, id as string, 'CANCELLED', null, null);
    else if (late === true) await endLarge(tools, id as string, 'FAILED', 'deadline', 'The batch did not come to its end within its deadline. What was written stands.');
    else await endLarge(tools, id as string, 'FAILED', 'ended-half-way', 'The batch was being ended when its edge went away. What was written stands.');
  }
}
