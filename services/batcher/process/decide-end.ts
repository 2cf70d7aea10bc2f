import { DEFAULT_RETRIES, type ProcessStep } from '../../../shared/records/process-step.ts';

/** An item as its row says, when a node takes its chunk. */
export interface FoundItem {
  state: 'waiting' | 'started' | 'done' | 'failed';
  attempt: number;
  /** Until the next attempt is due. */
  waitMs: number;
}

/**
 * What is to be done with an item that was found: nothing, the next attempt, waiting for the answer to one that is under way elsewhere,
 * or it is refused because nobody knows how its call ended.
 */
export type TakenUp = { todo: 'nothing' } | { todo: 'refuse' | 'await'; attempt: number } | { todo: 'attempt'; attempt: number; waitMs: number };

/**
 * Whoever had it before has no lease any more: what was started then is not known to have ended; what was handed out is still there, and
 * its answer may come. A pause that is longer than any pause can be counts as over: a clock has jumped.
 */
export function takeUp(step: Pick<ProcessStep, 'delivery' | 'retries' | 'elsewhere'>, { state, attempt, waitMs }: FoundItem): TakenUp {
  if (state === 'done' || state === 'failed') return { todo: 'nothing' };
  if (state === 'waiting') return { todo: 'attempt', attempt: attempt + 1, waitMs: waitMs > (step.retries ?? DEFAULT_RETRIES).longestPauseMs ? 0 : waitMs };
  if (step.elsewhere !== undefined) return { todo: 'await', attempt };
  return step.delivery === 'at-most-once' ? { todo: 'refuse', attempt } : { todo: 'attempt', attempt, waitMs: 0 };
}

/** Items of a batch that a node may have under way: the fleet's nodes share its parallelism exactly, the first by name take the rest. */
export function shareOf(parallelism: number, nodes: readonly string[], self: string): number {
  const sorted = [...nodes].sort();
  const rank = sorted.indexOf(self);
  if (rank === -1) return 0;
  return Math.floor(parallelism / sorted.length) + (rank < parallelism % sorted.length ? 1 : 0);
}
