import type { Attempt, AttemptEnd } from '../../../shared/batches/end-attempt.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { FINISH_ITEMS, HAND_OUT_ITEMS, READ_ITEMS, START_ITEMS, TAKE_ITEMS } from '../../../shared/db/queries/items.ts';
import type { Category } from '../../../shared/records/process-step.ts';
import type { RecordRow } from '../../../shared/records/record-kind.ts';
import type { FoundItem } from './decide-end.ts';
import { Together } from './together.ts';

/** An attempt that is made by somebody else. */
export interface Handout extends Attempt {
  kind: string;
  item: RecordRow;
  /** Where its message goes. */
  sink: string;
  timeLimitMs: number;
}

/** What became of an item. */
export interface ItemEnd {
  index: number;
  state: FoundItem['state'];
  category: Category | null;
  error: string | null;
  result: RecordRow | null;
}

/** Most items that one statement starts or ends. */
const MOST_TOGETHER = 500;

/** The items' rows. What many ask for at the same time is one statement. */
export class ItemStore {
  readonly #run: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;
  readonly #starts: Together<Attempt, boolean>;
  readonly #handouts: Together<Handout, boolean>;
  readonly #ends: Together<Attempt & { end: AttemptEnd }, boolean>;

  /** @param node this one's id: in the ledger it stands for who wrote a row */
  constructor(run: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>, node = '') {
    this.#run = run;
    this.#starts = new Together(MOST_TOGETHER, async (attempts) => changed(attempts, await run(START_ITEMS, keysOf(attempts))));
    this.#handouts = new Together(MOST_TOGETHER, async (out) => changed(out, await run(HAND_OUT_ITEMS, [...keysOf(out), out.map((o) => JSON.stringify(o.item)), out.map((o) => o.kind), out.map((o) => o.sink), out.map((o) => o.timeLimitMs), node])));
    this.#ends = new Together(MOST_TOGETHER, async (attempts) => changed(attempts, await run(FINISH_ITEMS, [...keysOf(attempts), ...endsOf(attempts.map(({ end }) => end))])));
  }

  /** Makes the rows of these items where there are none; answers where each stands. */
  async take(batchId: string, indexes: readonly number[]): Promise<Map<number, FoundItem>> {
    const rows = await this.#run(TAKE_ITEMS, [batchId, indexes]);
    const found = new Map(indexes.map((index): [number, FoundItem] => [index, { state: 'waiting', attempt: 0, waitMs: 0 }]));
    for (const [index, state, attempt, waitMs] of rows) found.set(Number(index), { state: state as FoundItem['state'], attempt: Number(attempt), waitMs: Number(waitMs ?? 0) });
    return found;
  }

  /** Commits that an attempt begins; false where it is not the next one, or the batch has ended: then it must not be made. */
  start(attempt: Attempt): Promise<boolean> {
    return this.#starts.of(attempt);
  }

  /** Commits that an attempt begins elsewhere, and its message with it; false as for start. */
  handOut(handout: Handout): Promise<boolean> {
    return this.#handouts.of(handout);
  }

  /**
   * Commits how an attempt ended; false where somebody has done it already, or the attempt is not the one that is due: then nothing
   * was changed. Safe to repeat, from any node.
   */
  finish(attempt: Attempt, end: AttemptEnd): Promise<boolean> {
    return this.#ends.of({ ...attempt, end });
  }

  /** What became of the items [first, first + span), in order. */
  async read(batchId: string, first: number, span: number): Promise<ItemEnd[]> {
    const rows = await this.#run(READ_ITEMS, [batchId, first, first + span]);
    return rows.map(([index, state, category, error, result]) => ({
      index: Number(index), state: state as ItemEnd['state'], category: category as Category | null, error: error as string | null,
      result: result === null ? null : (JSON.parse(result as string) as RecordRow),
    }));
  }
}

function keysOf(attempts: readonly Attempt[]): unknown[] {
  return [attempts.map((a) => a.batchId), attempts.map((a) => a.index), attempts.map((a) => a.attempt)];
}

function endsOf(ends: readonly AttemptEnd[]): unknown[] {
  return [
    ends.map((e) => e.state),
    ends.map((e) => (e.state === 'waiting' ? e.pauseMs : 0)),
    ends.map((e) => (e.state === 'done' ? null : e.category)),
    ends.map((e) => (e.state === 'done' ? null : e.error)),
    ends.map((e) => (e.state === 'done' ? JSON.stringify(e.result) : null)),
    ends.map((e) => (e.state === 'failed' && e.input !== undefined ? JSON.stringify(e.input) : null)),
  ];
}

function changed(attempts: readonly Attempt[], rows: unknown[][]): boolean[] {
  const keys = new Set(rows.map(([batchId, index]) => `${batchId as string}/${Number(index)}`));
  return attempts.map(({ batchId, index }) => keys.has(`${batchId}/${index}`));
}
