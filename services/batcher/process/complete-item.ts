import type { Category } from '../../../shared/records/process-step.ts';
import type { RecordRow } from '../../../shared/records/record-kind.ts';
import type { BoundStep } from './carry-items.ts';
import { afterFailure } from './decide-end.ts';
import type { Attempt, AttemptEnd, ItemStore } from './item-store.ts';

/** What an attempt came to, whoever made it. */
export type Made = { result: RecordRow } | { category: Category; error: string };

/** What an attempt's end means for the item: it is done, has failed for good, or is tried again. */
export function endOf(step: BoundStep, attempt: number, retries: number, made: Made, random: number, input: RecordRow | undefined): AttemptEnd {
  if ('result' in made) {
    const checked = step.checkResult(made.result);
    if ('item' in checked) return { state: 'done', result: checked.item };
    return endOf(step, attempt, retries, { category: 'EXECUTION_ERROR', error: `The step's answer cannot be stored: ${checked.faults.map((f) => f.message).join(' ')}`.slice(0, 500) }, random, input);
  }
  const { category, error } = made;
  const after = afterFailure(step.record.process, category, attempt, retries, random);
  return after.state === 'failed' ? { state: 'failed', category, error, ...(input === undefined ? {} : { input }) } : { ...after, category, error };
}

/**
 * Ends one attempt at an item, whoever carried it out: a step of this node, or something elsewhere that answers later. Only the attempt
 * that is under way (or due next) is ended, once; whoever holds the item's chunk finds it ended, and writes it.
 * @param input the item, kept if it has failed for good
 * @returns the state that the item has now; undefined where the attempt had ended before, or was never made: then nothing was changed
 */
export async function completeItem(tools: { store: ItemStore; step: BoundStep; retries: number; random: () => number }, attempt: Attempt, made: Made, input?: RecordRow): Promise<AttemptEnd | undefined> {
  const end = endOf(tools.step, attempt.attempt, tools.retries, made, tools.random(), input);
  return (await tools.store.finish(attempt, end)) ? end : undefined;
}
