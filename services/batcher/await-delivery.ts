import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchOutcome } from '../../shared/contracts/actions.ts';
import { UNDELIVERED } from '../../shared/db/queries/undelivered.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import type { TakeTools } from './take-batch.ts';

type Tools = Pick<TakeTools, 'pool' | 'statementTimeoutMs' | 'now' | 'log'>;

const LOOK_MS = 20;

/**
 * Waits until nothing of a batch is to be delivered any more, at most until `deadlineAt` (monotonic ms): ASYNC_DELIVERY is off. The relays deliver as
 * ever, and what is stored stays stored whether or not it was delivered in time: only the answer comes later.
 */
export async function awaitDelivery({ pool, statementTimeoutMs, now, log }: Tools, batchId: string, deadlineAt: number): Promise<void> {
  try {
    while (now() < deadlineAt && (await runStatement(pool, UNDELIVERED, [batchId], statementTimeoutMs)).length > 0) await sleep(Math.min(LOOK_MS, Math.max(0, deadlineAt - now())));
  } catch (error) {
    log.warn({ err: error, batchId }, 'whether a batch has been delivered could not be found out; it is answered for what is stored');
  }
}

/** The outcome once it is delivered: without the items, so that records are answered as they are now, with the time of their acknowledgement. */
export async function afterDelivery(tools: Tools, outcome: BatchOutcome, deadlineAt: number): Promise<BatchOutcome> {
  if (outcome.state === 'pending' || outcome.ids.every((id) => id === 0)) return outcome;
  const began = tools.now();
  await awaitDelivery(tools, outcome.batchId, deadlineAt);
  const told = { ...outcome, metrics: { ...outcome.metrics, totalMs: outcome.metrics.totalMs + tools.now() - began } };
  delete told.items;
  return told;
}
