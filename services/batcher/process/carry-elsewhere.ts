import type { Attempt } from '../../../shared/batches/end-attempt.ts';
import type { RecordRow } from '../../../shared/records/record-kind.ts';
import type { AnswerWatch } from './answer-watch.ts';
import type { ItemTools } from './carry-items.ts';
import { completeItem } from './complete-item.ts';
import { persisted } from './persisted.ts';

/** Where the items of a kind are handed out. */
export interface Elsewhere {
  sink: string;
  answers: AnswerWatch;
  /** Rows of the ledger were written for the sink. */
  onHandOut: (sink: string) => void;
}

/** How an attempt elsewhere ended for its item: `waiting` is tried again in `waitMs`. */
export interface ElsewhereEnd {
  end: 'answered';
  state: 'waiting' | 'started' | 'done' | 'failed';
  waitMs: number;
}

/**
 * One attempt at an item by somebody else: hands it out, unless it is out already, and waits until it is answered or its time limit is
 * over. Whatever dies meanwhile, message and answer are in PostgreSQL: who takes the item up next waits for the same answer.
 * @returns `not-begun` also when nobody waits for the answer any more, on this node
 */
export async function awaitAnswer(tools: ItemTools, { sink, answers, onHandOut }: Elsewhere, attempt: Attempt, item: RecordRow, isOut: boolean): Promise<ElsewhereEnd | 'not-begun'> {
  const { store, step, halt, onAttempt } = tools;
  const { timeLimitMs } = step.record.process;
  const begun = performance.now();
  if (!isOut) {
    if (!(await store.handOut({ ...attempt, kind: step.record.name, item, sink, timeLimitMs }))) return 'not-begun';
    onHandOut(sink);
  }
  for (;;) {
    const answered = await answers.of(attempt, { sink, timeLimitMs }, halt);
    if (answered === 'halted') return 'not-begun';
    if (answered !== 'late') {
      onAttempt(answered.category ?? answered.state, performance.now() - begun);
      return { end: 'answered', ...answered };
    }
    const made = { category: 'TIMEOUT_ERROR', error: `It was not answered within ${timeLimitMs} ms.` } as const;
    const ended = await persisted(tools, () => completeItem(tools, attempt, made, item));
    if (ended === undefined) continue; // the answer came at the last moment, and counts
    onAttempt('TIMEOUT_ERROR', performance.now() - begun);
    return { end: 'answered', state: ended.state, waitMs: ended.state === 'waiting' ? ended.pauseMs : 0 };
  }
}
