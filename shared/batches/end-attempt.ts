import { DEFAULT_RETRIES, type Category, type ProcessStep } from '../records/process-step.ts';
import type { RecordRow } from '../records/record-kind.ts';
import { storableText } from '../records/storable-text.ts';
import type { Checked } from '../records/validate-item.ts';

/** One attempt at an item. */
export interface Attempt {
  batchId: string;
  index: number;
  attempt: number;
}

/** What an attempt came to, whoever made it. */
export type Made = { result: unknown } | { category: Category; error: string };

/** How an attempt ended. `result`: values of the row, canonical; `input`: the item, kept where it may be tried again in another batch. */
export type AttemptEnd =
  | { state: 'done'; result: RecordRow }
  | { state: 'waiting'; pauseMs: number; category: Category; error: string }
  | { state: 'failed'; category: Category; error: string; input?: RecordRow };

/** What is needed to judge an attempt. */
export interface AttemptRules {
  process: ProcessStep;
  checkResult: (result: unknown) => Checked;
  /** Most tries after the first, as the batch says. */
  retries: number;
  random: () => number;
}

/** What a failed attempt leads to. */
export type AfterFailure = { state: 'failed' } | { state: 'waiting'; pauseMs: number };

/** Share of a pause by which it may be shorter, so that items that failed together don't come again together. */
const JITTER = 0.2;
/** The same again would fail again. */
const NOT_TRIED_AGAIN: ReadonlySet<Category> = new Set(['ITEM_ERROR']);
const LONGEST_ERROR = 500;

/** Whether an item that failed so may be tried again. */
export function isWorthAgain(category: Category): boolean {
  return !NOT_TRIED_AGAIN.has(category);
}

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

/**
 * What an attempt's end means for its item, whoever carried it out: it is done, has failed for good, or is tried again.
 * @param attempt from 1
 * @param input the item, kept if it has failed for good
 */
export function endOf(rules: AttemptRules, attempt: number, made: Made, input?: RecordRow): AttemptEnd {
  if ('result' in made) {
    const checked = rules.checkResult(made.result);
    if ('item' in checked) return { state: 'done', result: checked.item };
    const error = storableText(`The step's answer cannot be stored: ${checked.faults.map((f) => f.message).join(' ')}`, LONGEST_ERROR);
    return endOf(rules, attempt, { category: 'EXECUTION_ERROR', error }, input);
  }
  const { category, error } = made;
  const after = afterFailure(rules.process, category, attempt, rules.retries, rules.random());
  return after.state === 'failed' ? { state: 'failed', category, error, ...(input === undefined ? {} : { input }) } : { ...after, category, error };
}
