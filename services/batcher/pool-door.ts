import type { PoolsJudged } from '../../shared/contracts/pools.ts';
import { poolsExhausted } from '../../shared/errors/overloaded.ts';
import { BREAKER_FIGURE, type BreakerState } from '../../shared/runtime/breaker.ts';

/**
 * An edge's side of the admission breaker: goes by what the relay that watches the pools said last, about this edge's own pool and
 * about the writers'. Where nothing has been heard for long nobody watches, and all may come in.
 */
export class PoolDoor {
  readonly #node: string;
  readonly #now: () => number;
  readonly #onRejection: () => void;
  #state: BreakerState = 'closed';
  #retryAt = 0;
  #validUntil = 0;

  /**
   * @param node name of this edge
   * @param now monotonic ms
   */
  constructor(node: string, now: () => number, onRejection: () => void) {
    this.#node = node;
    this.#now = now;
    this.#onRejection = onRejection;
  }

  /** What the watching relay found. */
  judged({ breakers, validMs }: PoolsJudged): void {
    const now = this.#now();
    const [worst] = breakers.filter(({ pools }) => pools === 'writers' || pools === this.#node).sort((a, b) => BREAKER_FIGURE[b.state] - BREAKER_FIGURE[a.state]);
    this.#state = worst?.state ?? 'closed';
    this.#retryAt = now + (worst?.retryInMs ?? 0);
    this.#validUntil = now + validMs;
  }

  get state(): BreakerState {
    return this.#now() < this.#validUntil ? this.#state : 'closed';
  }

  /**
   * Lets a writing request in, or throws.
   * @param inWork writing requests that are in work already: while the breaker is half-open one at a time is let through, to try
   * @throws ProblemError 503 `pools-exhausted` with Retry-After; nothing was done then
   */
  enter(inWork: number): void {
    const { state } = this;
    if (state === 'closed' || (state === 'half-open' && inWork === 0)) return;
    this.#onRejection();
    throw poolsExhausted(Math.max(1, Math.ceil((this.#retryAt - this.#now()) / 1_000)));
  }
}
