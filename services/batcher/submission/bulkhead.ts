import { DrainRate } from '../../../shared/runtime/drain-rate.ts';

/** A permit, to be given back once; or why there is none. */
export type Taken = { release: () => void; waitedMs: number } | { refusal: 'full' | 'waited' };

export interface BulkheadTools {
  limit: number;
  /** Most that may wait. */
  maxWaiting: number;
  now: () => number;
  /** Runs something later; answers how to call that off. */
  after: (ms: number, run: () => void) => () => void;
}

interface Waiting {
  since: number;
  go: (taken: Taken) => void;
  callOff: () => void;
}

/**
 * At most `limit` pieces of work at a time. The others wait in the order in which they came: at most so many, and none longer than it
 * says. What waits is measured, and how fast it goes: Retry-After is the one over the other.
 */
export class Bulkhead {
  readonly #tools: BulkheadTools;
  readonly #waiting: Waiting[] = [];
  readonly #drain: DrainRate;
  #held = 0;

  constructor(tools: BulkheadTools) {
    this.#tools = tools;
    this.#drain = new DrainRate(tools.now());
  }

  get available(): number {
    return this.#tools.limit - this.#held;
  }
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Seconds until a piece of work that came now would have its turn. */
  retryAfter(): number {
    return this.#drain.secondsFor(this.#waiting.length + 1, this.#tools.now());
  }

  /** Resolves with a permit, or with a refusal after `waitMs` at most. */
  async take(waitMs: number): Promise<Taken> {
    const { limit, maxWaiting, now, after } = this.#tools;
    if (this.#held < limit) {
      this.#held++;
      return { release: this.#releaseOnce(), waitedMs: 0 };
    }
    if (this.#waiting.length >= maxWaiting) return { refusal: 'full' };
    return new Promise<Taken>((go) => {
      const waiting: Waiting = {
        since: now(), go,
        callOff: after(waitMs, () => {
          this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
          this.#told();
          go({ refusal: 'waited' });
        }),
      };
      this.#waiting.push(waiting);
      this.#told();
    });
  }

  #releaseOnce(): () => void {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const { now } = this.#tools;
      this.#drain.add(1, now());
      const next = this.#waiting.shift();
      this.#told();
      if (next === undefined) {
        this.#held--;
        return;
      }
      next.callOff();
      next.go({ release: this.#releaseOnce(), waitedMs: now() - next.since });
    };
  }

  #told(): void {
    this.#drain.busy(this.#waiting.length > 0, this.#tools.now());
  }
}
