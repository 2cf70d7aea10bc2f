import { CliError, EXIT } from '../cli-error.ts';
import type { Batch } from './batches.ts';
import type { Item } from './item.ts';
import { sendBatch, type Sender } from './send-batch.ts';
import type { Tally } from './tally.ts';

export interface Run {
  batches: AsyncGenerator<Batch>;
  /** Requests at the same time. */
  inFlight: number;
  keyPrefix: string;
  /** `signal` and `giveUp` belong together. */
  sender: Sender;
  giveUp: AbortController;
  /** Set from outside to take no more input, and finish what is in flight. */
  stopped: () => boolean;
  tally: Tally;
  /** Monotonic clock in ms. */
  now: () => number;
}

/**
 * Sends every batch, `inFlight` at a time; the next is read only when one of them is done, so that input and memory follow
 * the server's pace. After an error the others in flight are finished, but nothing more is tried again.
 * @returns the error that ended the run early, or undefined
 */
export async function sendItems(run: Run): Promise<CliError | undefined> {
  let failure: CliError | undefined;
  const lane = async () => {
    while (failure === undefined && !run.stopped()) {
      try {
        const next = await run.batches.next();
        if (next.done === true) return;
        await sendOne(next.value, run);
      } catch (error) {
        failure ??= error instanceof CliError ? error : new CliError(`The run was ended by an error: ${(error as Error).message}`, EXIT.system, error);
        run.giveUp.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: run.inFlight }, lane));
  await run.batches.return(undefined);
  return failure;
}

async function sendOne(batch: Batch, { sender, tally, keyPrefix, now }: Run): Promise<void> {
  const sendable: Item[] = [];
  for (const item of batch.items) {
    if (item.fault === undefined) sendable.push(item);
    else await tally.failure(item, [item.fault]);
  }
  if (sendable.length === 0) return;
  const begun = now();
  try {
    const fates = await sendBatch(sendable, `${keyPrefix}-${batch.number}`, sender);
    await tally.answered(sendable, fates, now() - begun);
  } catch (error) {
    tally.unanswered(sendable);
    throw error;
  }
}
