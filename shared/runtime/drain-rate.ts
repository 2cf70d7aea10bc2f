/** Weight of a whole busy second in the running mean; less of a second weighs less, several weigh more. */
const WEIGHT = 0.3;
const WINDOW_MS = 1_000;
/** A window with less busy time than this says too little: it goes on. */
const LEAST_BUSY_MS = 100;
const LONGEST_S = 60;
/** Said while nothing has been measured yet. */
const UNMEASURED_S = 2;

/**
 * Measures how fast something drains that can be full: a mean over the time in which it was busy, exponentially weighted.
 * Time in which nothing had to wait says how fast work came, not how fast it can be done, and doesn't count.
 */
export class DrainRate {
  readonly #longestS: number;
  #perSecond: number | undefined;
  #count = 0;
  #windowFrom: number;
  /** Busy time of the window, without the stretch that lasts. */
  #busyMs = 0;
  #busySince: number | undefined;
  /** Nothing moved in the last window. */
  #stood = false;

  /** @param longestS most seconds that a client is told to wait: what waits now is gone by then, done or given up */
  constructor(now: number, longestS = LONGEST_S) {
    this.#windowFrom = now;
    this.#longestS = longestS;
  }

  /** From now on work waits for its turn, or no longer does. `now` in monotonic ms. */
  busy(is: boolean, now: number): void {
    this.#roll(now);
    if (is) this.#busySince ??= now;
    else if (this.#busySince !== undefined) {
      this.#busyMs += now - this.#busySince;
      this.#busySince = undefined;
    }
  }

  /** So much is done. `now` in monotonic ms. */
  add(amount: number, now: number): void {
    this.#roll(now);
    if (this.#busySince === undefined || amount === 0) return;
    if (this.#stood) this.#startAnew(now);
    this.#count += amount;
  }

  /** Amount per second of busy time; undefined before anything was measured, 0 where nothing moves. */
  perSecond(now: number): number | undefined {
    this.#roll(now);
    return this.#perSecond;
  }

  /** Seconds until this much will have drained: what Retry-After says. At least 1. */
  secondsFor(waiting: number, now: number): number {
    const rate = this.perSecond(now);
    if (rate === undefined) return Math.min(UNMEASURED_S, this.#longestS);
    return rate === 0 ? this.#longestS : Math.min(this.#longestS, Math.max(1, Math.ceil(waiting / rate)));
  }

  #roll(now: number): void {
    const busyMs = this.#busyMs + (this.#busySince === undefined ? 0 : now - this.#busySince);
    if (now - this.#windowFrom < WINDOW_MS || busyMs < LEAST_BUSY_MS) return;
    const rate = (this.#count / busyMs) * 1_000;
    const keep = (1 - WEIGHT) ** (busyMs / 1_000);
    this.#perSecond = this.#perSecond === undefined ? rate : this.#perSecond * keep + rate * (1 - keep);
    this.#stood = rate === 0;
    this.#startWindow(now);
  }

  /** What stood still moves again: how fast is not known yet, and a mean over the standstill would send clients away for long. */
  #startAnew(now: number): void {
    this.#perSecond = undefined;
    this.#stood = false;
    this.#startWindow(now);
  }

  #startWindow(now: number): void {
    this.#count = 0;
    this.#busyMs = 0;
    this.#windowFrom = now;
    if (this.#busySince !== undefined) this.#busySince = now;
  }
}
