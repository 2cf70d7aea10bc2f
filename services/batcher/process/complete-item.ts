import { endOf, type Attempt, type AttemptEnd, type AttemptRules, type Made } from '../../../shared/batches/end-attempt.ts';
import type { RecordRow } from '../../../shared/records/record-kind.ts';
import type { BoundStep } from './carry-items.ts';
import type { ItemStore } from './item-store.ts';

/**
 * Ends one attempt at an item that this node made, or gave up on. Only the attempt that is under way (or due next) is ended, once;
 * whoever holds the item's chunk finds it ended, and writes it.
 * @param input the item, kept if it has failed for good
 * @returns the state that the item has now; undefined where the attempt had ended before, or was never made: then nothing was changed
 */
export async function completeItem(tools: { store: ItemStore; step: BoundStep } & Pick<AttemptRules, 'retries' | 'random'>, attempt: Attempt, made: Made, input?: RecordRow): Promise<AttemptEnd | undefined> {
  const { step, retries, random } = tools;
  const end = endOf({ process: step.record.process, checkResult: step.checkResult, retries, random }, attempt.attempt, made, input);
  return (await tools.store.finish(attempt, end)) ? end : undefined;
}
