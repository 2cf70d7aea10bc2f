/** Weight of a new second in the running mean. */
const WEIGHT = 0.3;
const LONGEST_S = 60;
/** Said while nothing has been measured yet. */
const UNMEASURED_S = 2;

/** Measures how fast items leave the queue (an exponentially weighted mean of whole seconds in which there was work). */
export class DrainRate {
  #perSecond = 0;
  #count = 0;
  #since: number;

  constructor(now: number) {
    this.#since = now;
  }

  /** Items were written. `now` in monotonic ms. */
  add(items: number, now: number): void {
    this.#roll(now);
    this.#count += items;
  }

  /** Items per second; 0 before anything was measured. */
  perSecond(now: number): number {
    this.#roll(now);
    return this.#perSecond;
  }

  /** Seconds until this many waiting items will have drained: what Retry-After says. At least 1, at most 60. */
  secondsFor(items: number, now: number): number {
    const rate = this.perSecond(now);
    return rate === 0 ? UNMEASURED_S : Math.min(LONGEST_S, Math.max(1, Math.ceil(items / rate)));
  }

  #roll(now: number): void {
    const seconds = (now - this.#since) / 1_000;
    if (seconds < 1) return;
    if (this.#count > 0) {
      const rate = this.#count / seconds;
      this.#perSecond = this.#perSecond === 0 ? rate : this.#perSecond * (1 - WEIGHT) + rate * WEIGHT;
    }
    this.#count = 0;
    this.#since = now;
  }
}
