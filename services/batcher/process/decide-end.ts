import type { Category, ProcessStep } from '../../../shared/records/process-step.ts';
import { DEFAULT_RETRIES } from '../../../shared/records/process-step.ts';
import { isWorthAgain } from './categorise.ts';

/** What a failed attempt leads to. */
export type AfterFailure = { state: 'failed' } | { state: 'waiting'; pauseMs: number };

/** Share of a pause by which it may be shorter, so that items that failed together don't come again together. */
const JITTER = 0.2;

/**
 * Whether an item is tried again, and when.
 * @param attempt the one that failed, from 1
 * @param retries most tries after the first, as the batch says
 * @param random from 0 to below 1
 */
export function afterFailure(step: Pick<ProcessStep, 'delivery' | 'retries'>, category: Category, attempt: number, retries: number, random: number): AfterFailure {
  if (step.delivery === 'at-most-once' || !isWorthAgain(category) || attempt > retries) return { state: 'failed' };
  const { firstPauseMs, factor, longestPauseMs } = step.retries ?? DEFAULT_RETRIES;
  return { state: 'waiting', pauseMs: Math.round(Math.min(longestPauseMs, firstPauseMs * factor ** (attempt - 1)) * (1 - JITTER * random)) };
}

/** An item as its row says, when a node takes its chunk. */
export interface FoundItem {
  state: 'waiting' | 'started' | 'done' | 'failed';
  attempt: number;
  /** Until the next attempt is due. */
  waitMs: number;
}

/** What is to be done with an item that was found: nothing, the next attempt, or it is refused because nobody knows how its call ended. */
export type TakenUp = { todo: 'nothing' } | { todo: 'refuse'; attempt: number } | { todo: 'attempt'; attempt: number; waitMs: number };

/**
 * Whoever had it before has no lease any more: what was started then is not known to have ended. A pause that is longer than
 * any pause can be counts as over: a clock has jumped.
 */
export function takeUp(step: Pick<ProcessStep, 'delivery' | 'retries'>, { state, attempt, waitMs }: FoundItem): TakenUp {
  if (state === 'done' || state === 'failed') return { todo: 'nothing' };
  if (state === 'waiting') return { todo: 'attempt', attempt: attempt + 1, waitMs: waitMs > (step.retries ?? DEFAULT_RETRIES).longestPauseMs ? 0 : waitMs };
  return step.delivery === 'at-most-once' ? { todo: 'refuse', attempt } : { todo: 'attempt', attempt, waitMs: 0 };
}

/** Items of a batch that a node may have under way: the fleet's nodes share its parallelism exactly, the first by name take the rest. */
export function shareOf(parallelism: number, nodes: readonly string[], self: string): number {
  const sorted = [...nodes].sort();
  const rank = sorted.indexOf(self);
  if (rank === -1) return 0;
  return Math.floor(parallelism / sorted.length) + (rank < parallelism % sorted.length ? 1 : 0);
}
