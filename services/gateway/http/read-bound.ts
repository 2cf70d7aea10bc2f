import { overloaded } from '../../../shared/errors/overloaded.ts';
import { DrainRate } from '../../../shared/runtime/drain-rate.ts';

export interface ReadTools {
  limits: { readonly max: number };
  now: () => number;
  /** Most seconds a client is told to wait. */
  longestS: number;
  onRefusal: () => void;
}

/** Reading requests at the same time, which share the edge's connections to PostgreSQL: bounded, so that no queue forms before the pool. */
export class ReadBound {
  readonly #tools: ReadTools;
  readonly #drain: DrainRate;
  #active = 0;

  constructor(tools: ReadTools) {
    this.#tools = tools;
    this.#drain = new DrainRate(tools.now(), tools.longestS);
  }

  get active(): number {
    return this.#active;
  }

  /**
   * Runs one read.
   * @throws ProblemError 503 with Retry-After, from the reads in work over the measured rate, when there are too many; nothing was done then
   */
  async run<T>(read: () => T | Promise<T>): Promise<T> {
    const { limits: { max }, now, onRefusal } = this.#tools;
    if (this.#active >= max) {
      onRefusal();
      throw overloaded(this.#drain.secondsFor(this.#active, now()));
    }
    this.#count(1);
    try {
      return await read();
    } finally {
      this.#drain.add(1, now());
      this.#count(-1);
    }
  }

  #count(by: 1 | -1): void {
    this.#active += by;
    this.#drain.busy(this.#active > this.#tools.limits.max / 2, this.#tools.now());
  }
}
