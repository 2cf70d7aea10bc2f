import type { PoolSample } from '../../shared/contracts/pools.ts';
import { Breaker, type BreakerLimits, type BreakerState, type BreakerSwitch } from '../../shared/runtime/breaker.ts';

/** What of a sample the breaker goes by. */
export type BreakerSample = Pick<PoolSample, 'node' | 'utilization' | 'waitingLong'>;

const MANY_WAITING = 3;
const EXHAUSTED_FROM = 0.9;

/**
 * Whether a pool is exhausted: three or more have been waiting for long in this sample and in the one before it, or the pool is in
 * use to 0.90 and somebody has been waiting for long. A pool in use to its last connection is not, while nobody waits for long:
 * neither one of one nor a long query makes it so.
 */
export function isExhausted(before: Pick<BreakerSample, 'waitingLong'> | undefined, sample: Omit<BreakerSample, 'node'>): boolean {
  const many = sample.waitingLong >= MANY_WAITING && (before?.waitingLong ?? 0) >= MANY_WAITING;
  return many || (sample.utilization >= EXHAUSTED_FROM && sample.waitingLong > 0);
}

/**
 * The admission breaker of pools that do the same work: a sample of them is bad when every one is exhausted, for while one is not,
 * the work goes there. Bad samples in a row open it; after its pause it is half-open, which lets single requests through to try; the next
 * sample closes it, or opens it again.
 */
export class PoolBreaker implements BreakerSwitch {
  readonly #breaker: Breaker;
  #before = new Map<string, BreakerSample>();

  constructor(limits: BreakerLimits) {
    this.#breaker = new Breaker(limits);
  }

  get state(): BreakerState {
    return this.#breaker.state;
  }
  get tripped(): boolean {
    return this.#breaker.tripped;
  }
  trip(): void {
    this.#breaker.trip();
  }
  reset(): void {
    this.#breaker.reset();
  }
  /** Bad samples in a row. */
  get bad(): number {
    return this.#breaker.failures;
  }

  /** From now until it is half-open, in ms; 0 unless it is open. `now` in monotonic ms. */
  retryInMs(now: number): number {
    return Math.max(0, (this.#breaker.probeAt ?? now) - now);
  }

  /**
   * Takes the next sample of each pool; `now` in monotonic ms. Pools that did not answer are left out; without any the sample is good.
   * @returns whether it was bad
   */
  sampled(samples: readonly BreakerSample[], now: number): boolean {
    const bad = samples.length > 0 && samples.every((sample) => isExhausted(this.#before.get(sample.node), sample));
    this.#before = new Map(samples.map((sample) => [sample.node, sample]));
    // While it is open nothing counts: what waits then was let in before.
    if (this.#breaker.state === 'open') this.#breaker.takeProbe(now);
    else if (bad) this.#breaker.failed(now);
    else this.#breaker.answered();
    return bad;
  }
}
