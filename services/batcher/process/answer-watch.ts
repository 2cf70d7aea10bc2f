import type { Attempt } from '../../../shared/batches/end-attempt.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { ANSWERED_ITEMS } from '../../../shared/db/queries/items.ts';
import type { Category } from '../../../shared/records/process-step.ts';
import type { Logger } from '../../../shared/runtime/log.ts';
import type { FoundItem } from './decide-end.ts';

/** What became of an attempt that was made elsewhere. `late`: its time limit is over; `halted`: nobody waits any more, or its item is gone. */
export type Answered = (FoundItem & { category: Category | null }) | 'late' | 'halted';

interface Waiter extends Attempt {
  sink: string;
  timeLimitMs: number;
  resolve: (answered: Answered) => void;
}

/** Attempts that one statement asks for. */
const MOST_TOGETHER = 1_000;
const FIRST_PAUSE_MS = 50;
/** Without a nudge an answer is found after this, at the latest. */
const LONGEST_PAUSE_MS = 1_000;

/**
 * Waits for answers to items that were handed out. The answers are in PostgreSQL, wherever they came in; this asks for all at
 * once, the less often the longer none comes, and at once when nudged. It runs only while somebody waits.
 */
export class AnswerWatch {
  readonly #run: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;
  readonly #log: Logger;
  readonly #waiting = new Map<string, Waiter>();
  #running = false;
  #nudged = false;
  #wake: () => void = () => undefined;

  constructor(run: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>, log: Logger) {
    this.#run = run;
    this.#log = log;
  }

  /** Resolves when the attempt has ended, is past its time limit, or `halt` is aborted. Never rejects: while PostgreSQL is away it goes on asking. */
  of(attempt: Attempt, { sink, timeLimitMs }: Pick<Waiter, 'sink' | 'timeLimitMs'>, halt: AbortSignal): Promise<Answered> {
    if (halt.aborted) return Promise.resolve('halted');
    const key = keyOf(attempt.batchId, attempt.index);
    return new Promise((resolve) => {
      const onHalt = () => this.#settle(key, 'halted');
      halt.addEventListener('abort', onHalt, { once: true });
      this.#waiting.set(key, {
        ...attempt, sink, timeLimitMs,
        resolve: (answered) => {
          halt.removeEventListener('abort', onHalt);
          resolve(answered);
        },
      });
      if (!this.#running) void this.#watch();
    });
  }

  /** There may be answers. Cheap. */
  nudge(): void {
    this.#nudged = true;
    this.#wake();
  }

  async #watch(): Promise<void> {
    this.#running = true;
    for (let pause = FIRST_PAUSE_MS; this.#waiting.size > 0; ) {
      if (!this.#nudged) await this.#sleep(pause);
      this.#nudged = false;
      pause = (await this.#look()) > 0 ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, pause * 2);
    }
    this.#running = false;
  }

  /** How many were found. */
  async #look(): Promise<number> {
    const all = [...this.#waiting.values()];
    let found = 0;
    for (let from = 0; from < all.length; from += MOST_TOGETHER) {
      const lot = all.slice(from, from + MOST_TOGETHER);
      try {
        const rows = await this.#run(ANSWERED_ITEMS, [lot.map((w) => w.batchId), lot.map((w) => w.index), lot.map((w) => w.attempt), lot.map((w) => w.sink), lot.map((w) => w.timeLimitMs)]);
        for (const [batchId, index, state, attempt, waitMs, category, late] of rows) {
          found++;
          const answered: Answered = state === null ? 'halted' : late === true ? 'late' : { state: state as FoundItem['state'], attempt: Number(attempt), waitMs: Number(waitMs ?? 0), category: category as Category | null };
          this.#settle(keyOf(batchId as string, Number(index)), answered);
        }
      } catch (error) {
        this.#log.warn({ err: error, items: lot.length }, 'answers to items that were handed out could not be looked for; tried again');
      }
    }
    return found;
  }

  #settle(key: string, answered: Answered): void {
    const waiter = this.#waiting.get(key);
    this.#waiting.delete(key);
    waiter?.resolve(answered);
    if (this.#waiting.size === 0) this.#wake();
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => undefined;
  }
}

function keyOf(batchId: string, index: number): string {
  return `${batchId}/${index}`;
}
