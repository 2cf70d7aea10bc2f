import { endOf, type AttemptRules, type Made } from '../../../shared/batches/end-attempt.ts';
import { isFinal, type BatchState } from '../../../shared/batches/states.ts';
import { END_BY_ANSWER, MET_BY_ANSWER } from '../../../shared/db/queries/item-answers.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { CATEGORIES, type Category } from '../../../shared/records/process-step.ts';
import type { RecordKind } from '../../../shared/records/record-kind.ts';
import { compileItemCheck } from '../../../shared/records/validate-item.ts';
import type { CarriedOut, CarryTools } from './carry-command.ts';
import type { Command, Refusal } from './read-command.ts';

export type Answer = Extract<Command, { type: 'ItemProcessingCompleted' }>;

/** By kind, how answers to its items are judged. */
export type AnswerSteps = ReadonlyMap<string, Pick<AttemptRules, 'process' | 'checkResult'>>;

/** An item and its batch, as an answer meets them. */
export interface Met {
  kind: string;
  batchState: BatchState;
  retries: number;
  /** Null: there is no such item, or its part of the batch is stored. */
  itemState: 'waiting' | 'started' | 'done' | 'failed' | null;
  attempt: number;
  /** This very event had its effect before. */
  known: boolean;
}

/** It ended between two looks: then the next look tells how. */
const LOOKS = 3;

/** Of these kinds, those whose items are handed out. */
export function answerSteps(kinds: Iterable<RecordKind>): AnswerSteps {
  return new Map([...kinds].flatMap(({ name, process }) => (process?.elsewhere === undefined ? [] : [[name, { process, checkResult: compileItemCheck(process.result, []) }] as const])));
}

/**
 * Takes the answer to an item that was handed out: only the attempt that is under way is ended, by the first answer to it. Whoever holds
 * the item's chunk finds it ended, goes on with it, and writes it.
 * @throws what PostgreSQL failed with: then nothing was done, or it will be found done
 */
export async function carryAnswer(answer: Answer, { pool, statementTimeoutMs, steps, random }: CarryTools): Promise<CarriedOut> {
  const { id, batchId, index, attempt } = answer;
  for (let look = 1; look <= LOOKS; look++) {
    const met = metOf((await runStatement(pool, MET_BY_ANSWER, [id, batchId, index], statementTimeoutMs))[0]);
    const step = met === undefined ? undefined : steps.get(met.kind);
    const verdict = judge(answer, met, step !== undefined);
    if (verdict !== 'take' || met === undefined || step === undefined) return verdict === 'repeat' || verdict === 'take' ? { outcome: 'repeat' } : { outcome: 'refused', ...verdict };
    const end = endOf({ ...step, retries: met.retries, random }, attempt, madeOf(answer));
    const values = [id, batchId, index, attempt, end.state, end.state === 'waiting' ? end.pauseMs : 0, ...(end.state === 'done' ? [null, null, JSON.stringify(end.result)] : [end.category, end.error, null])];
    if ((await runStatement(pool, END_BY_ANSWER, values, statementTimeoutMs)).length > 0) return { outcome: 'done' };
  }
  throw new Error('an item changed each time that its answer was to be taken');
}

/** Whether an answer may be taken, was taken, or is refused, and why. */
export function judge({ index, attempt }: Pick<Answer, 'index' | 'attempt'>, met: Met | undefined, isElsewhere: boolean): 'take' | 'repeat' | Refusal {
  if (met === undefined) return { code: 'not-found', reason: 'There is no large batch with this id.' };
  if (met.known) return 'repeat';
  if (!isElsewhere) return { code: 'no-such-item', reason: 'The items of this batch are not handed out.' };
  if (isFinal(met.batchState) || met.batchState === 'CANCELLING') return { code: 'not-now', reason: `The batch is ${met.batchState}; nobody waits for its items any more.` };
  if (met.itemState === null) return { code: 'no-such-item', reason: `Item ${index} is not handed out; if it was, it has come to its end, and is stored.` };
  if (met.itemState === 'started' && met.attempt === attempt) return 'take';
  if (attempt > met.attempt) return { code: 'wrong-attempt', reason: `Attempt ${attempt} at item ${index} was not handed out; the newest is attempt ${met.attempt}.` };
  return { code: 'late', reason: `Attempt ${attempt} at item ${index} has ended: it was answered before, or its time limit was over.` };
}

function metOf(row: unknown[] | undefined): Met | undefined {
  if (row === undefined) return undefined;
  const [kind, batchState, retries, itemState, attempt, known] = row;
  return { kind: kind as string, batchState: batchState as BatchState, retries: Number(retries), itemState: itemState as Met['itemState'], attempt: Number(attempt ?? 0), known: known as boolean };
}

function madeOf({ result, error }: Answer): Made {
  if (error === null) return { result };
  const category: Category = CATEGORIES.find((c) => c === error.category) ?? 'EXECUTION_ERROR';
  return { category, error: error.message };
}
