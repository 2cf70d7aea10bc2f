import type { ApiKey } from '../../../shared/access/api-keys.ts';
import { overloaded } from '../../../shared/errors/overloaded.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';

interface Use {
  /** Requests that may be made at once; grows with time up to a second's. */
  tokens: number;
  at: number;
  inFlight: number;
}

type Limits = Pick<ApiKey, 'id' | 'ratePerSecond' | 'maxInFlight'>;

/** The limits of each key in this edge: a token bucket a second deep, and the requests in work. */
export class KeyLimits {
  /** As many as there are keys that were used. */
  readonly #uses = new Map<string, Use>();
  readonly #now: () => number;
  readonly #onRefusal: (reason: 'key-rate' | 'key-in-flight') => void;

  /** @param now monotonic, in ms */
  constructor(now: () => number, onRefusal: (reason: 'key-rate' | 'key-in-flight') => void) {
    this.#now = now;
    this.#onRefusal = onRefusal;
  }

  /**
   * Lets a request of a key in; what it answers must be called once the request is done.
   * @throws ProblemError 429 `rate-limited`, or 503 `overloaded` while as many as allowed are in work; both with Retry-After
   */
  enter({ id, ratePerSecond, maxInFlight }: Limits): () => void {
    if (ratePerSecond === null && maxInFlight === null) return () => undefined;
    const now = this.#now();
    const use = this.#uses.get(id) ?? { tokens: ratePerSecond ?? 0, at: now, inFlight: 0 };
    this.#uses.set(id, use);
    if (maxInFlight !== null && use.inFlight >= maxInFlight) {
      this.#onRefusal('key-in-flight');
      throw overloaded(1);
    }
    if (ratePerSecond !== null) {
      use.tokens = Math.min(ratePerSecond, use.tokens + ((now - use.at) / 1_000) * ratePerSecond);
      use.at = now;
      if (use.tokens < 1) {
        this.#onRefusal('key-rate');
        const seconds = Math.max(1, Math.ceil((1 - use.tokens) / ratePerSecond));
        throw new ProblemError({ status: 429, code: 'rate-limited', title: 'Too many requests', detail: `This key may make ${ratePerSecond} request(s) a second. Nothing was done; send it again after ${seconds} s.`, headers: { 'Retry-After': String(seconds) } });
      }
      use.tokens -= 1;
    }
    use.inFlight++;
    let left = false;
    return () => {
      if (!left) use.inFlight--;
      left = true;
    };
  }
}
