import { setTimeout as sleep } from 'node:timers/promises';
import type { Attempt, AttemptEnd } from '../../../shared/batches/end-attempt.ts';
import type { ProcessStep, StepContext, StepFunction } from '../../../shared/records/process-step.ts';
import { rowRules, type RecordKind, type RecordRow } from '../../../shared/records/record-kind.ts';
import type { Checked } from '../../../shared/records/validate-item.ts';
import type { Logger } from '../../../shared/runtime/log.ts';
import type { ValidatedItems } from '../validate-items.ts';
import { awaitAnswer, type Elsewhere } from './carry-elsewhere.ts';
import { outcomeOf, stagedItem } from './chunk-items.ts';
import { completeItem } from './complete-item.ts';
import { takeUp, type FoundItem } from './decide-end.ts';
import type { ItemStore } from './item-store.ts';
import type { Permits } from './permits.ts';
import { persisted } from './persisted.ts';
import { runStep } from './run-step.ts';

/** A kind's step, ready to be called. */
export interface BoundStep {
  record: RecordKind & { process: ProcessStep };
  /** By this node, or by somebody else. */
  carriedOut: { call: StepFunction } | { elsewhere: Elsewhere };
  checkResult: (result: unknown) => Checked;
}

/** What is needed to carry out the items of one batch on this node. */
export interface ItemTools {
  store: ItemStore;
  step: BoundStep;
  batchId: string;
  /** Most tries of an item after the first. */
  retries: number;
  permits: Permits;
  /** Aborted: nothing more is started. */
  halt: AbortSignal;
  /** Aborted: what runs is told to stop. */
  stop: AbortSignal;
  context: Pick<StepContext, 'settings' | 'record' | 'service'>;
  log: Logger;
  random: () => number;
  /** An attempt ended: `done`, `stopped`, or its category. */
  onAttempt: (end: string, ms: number) => void;
}

/** A chunk whose items are carried out. */
export interface ItemsOfChunk {
  first: number;
  span: number;
  /** With indexes from 0. */
  staged: ValidatedItems;
  /** It was taken too often without coming to its end: what has not ended is refused. */
  giveUp: boolean;
}

const UNKNOWN_END = 'Its call was begun by a node that is gone: nobody knows whether it was carried out, and it is not called again.';
const STOPPED = 'Its call was broken off because its node stopped or its batch ended: nobody knows whether it was carried out, and it is not called again.';
const TAKEN_TOO_OFTEN = 'It could not be carried out, however often its node began: the node died or could not go on each time.';

/**
 * Carries the items of a chunk out, each until it is done or has failed for good; what had ended before is not called again.
 * @returns what is to be written of the chunk, with indexes from 0; undefined when it was stopped before
 */
export async function carryItems(tools: ItemTools, { first, span, staged, giveUp }: ItemsOfChunk): Promise<ValidatedItems | undefined> {
  const { store, batchId, step } = tools;
  const found = await store.take(batchId, staged.good.map((index) => first + index));
  const { item: rules } = step.record;
  await settled(staged.good.map((index, position) => carryItem(tools, first + index, stagedItem(staged.columns, rules, position), found.get(first + index), giveUp)));
  return outcomeOf(staged, first, await store.read(batchId, first, span), Object.keys(rowRules(step.record)));
}

/** Waits for all, then throws the first failure: nothing of a chunk goes on after its attempt has ended. */
async function settled(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function carryItem(tools: ItemTools, index: number, item: RecordRow, found: FoundItem = { state: 'waiting', attempt: 0, waitMs: 0 }, giveUp: boolean): Promise<void> {
  const { process } = tools.step.record;
  const taken = takeUp(process, found);
  if (taken.todo === 'nothing') return;
  let { attempt } = taken;
  const end = (as: AttemptEnd) => persisted(tools, () => tools.store.finish({ batchId: tools.batchId, index, attempt }, as)).then(() => undefined);
  if (taken.todo === 'refuse') return end({ state: 'failed', category: 'SYSTEM_ERROR', error: UNKNOWN_END, input: item });
  if (giveUp) return end({ state: 'failed', category: 'SYSTEM_ERROR', error: TAKEN_TOO_OFTEN, input: item });
  let isOut = taken.todo === 'await';
  for (let waitMs = taken.todo === 'attempt' ? taken.waitMs : 0; ; attempt++) {
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: tools.halt }).catch(() => undefined); // halted: there is no permit any more
    const made = await attemptItem(tools, { batchId: tools.batchId, index, attempt }, item, isOut);
    isOut = false;
    if (made === 'not-begun') return;
    if (made.end === 'answered') {
      if (made.state !== 'waiting') return;
      waitMs = made.waitMs;
      continue;
    }
    if (made.end === 'stopped') {
      if (process.delivery === 'at-most-once') await end({ state: 'failed', category: 'SYSTEM_ERROR', error: STOPPED, input: item });
      return;
    }
    const ended = await persisted(tools, () => completeItem(tools, { batchId: tools.batchId, index, attempt }, made.end === 'done' ? { result: made.result } : made, item));
    // Ended by somebody else meanwhile: what the row says counts.
    if (ended?.state !== 'waiting') return;
    waitMs = ended.pauseMs;
  }
}

/** One call of the step, while a permit is held; or one attempt elsewhere, from its handing out (unless it is out already) to its answer. */
async function attemptItem(tools: ItemTools, attempt: Attempt, item: RecordRow, isOut: boolean) {
  const giveBack = await tools.permits.take();
  if (giveBack === undefined) return 'not-begun';
  const { step, context } = tools;
  const { process } = step.record;
  try {
    if ('elsewhere' in step.carriedOut) return await awaitAnswer(tools, step.carriedOut.elsewhere, attempt, item, isOut);
    const { call } = step.carriedOut;
    // Committed before the call. If the answer is lost the item is found started later, and refused: that it was called is not ruled out then.
    if (process.delivery === 'at-most-once' && !(await tools.store.start(attempt))) return 'not-begun';
    const begun = performance.now();
    const made = await runStep(call, item, { ...attempt, idempotencyKey: `${attempt.batchId}:${attempt.index}`, ...context }, { timeLimitMs: process.timeLimitMs, stop: tools.stop });
    tools.onAttempt(made.end === 'failed' ? made.category : made.end, performance.now() - begun);
    return made;
  } finally {
    giveBack();
  }
}
