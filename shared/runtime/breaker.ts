export type BreakerState = 'closed' | 'half-open' | 'open';

/** A breaker as an operator has it in hand. */
export interface BreakerSwitch {
  readonly state: BreakerState;
  /** Opened by an operator: stays open until it is reset. */
  readonly tripped: boolean;
  trip(): void;
  /** Closes it, whoever opened it; what counts begins anew. */
  reset(): void;
}

export interface BreakerLimits {
  /** In a row that open it. */
  readonly failures: number;
  /** From opening to the probe. */
  readonly cooldownMs: number;
}

/**
 * The breaker of one cluster. Failures of the whole cluster in a row open it; while it is open nothing is sent and nothing
 * is lost: what is due stays in the ledger. After a pause it lets one probe through (half-open); any answer closes it and
 * resets the count. Times are monotonic, in ms.
 */
export class Breaker implements BreakerSwitch {
  readonly #limits: BreakerLimits;
  #count = 0;
  #openUntil = 0;
  #state: BreakerState = 'closed';
  #tripped = false;

  /** @param limits read anew at each failure */
  constructor(limits: BreakerLimits) {
    this.#limits = limits;
  }

  get state(): BreakerState {
    return this.#state;
  }

  get tripped(): boolean {
    return this.#tripped;
  }

  trip(): void {
    this.#tripped = true;
    this.#state = 'open';
  }

  reset(): void {
    this.#tripped = false;
    this.answered();
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#count;
  }

  /** The cluster answered, be it with an error: it is there. */
  answered(): void {
    if (this.#tripped) return;
    this.#state = 'closed';
    this.#count = 0;
  }

  /** The cluster did not answer. A failed probe opens at once. */
  failed(now: number): void {
    if (this.#tripped) return;
    this.#count += 1;
    if (this.#state === 'closed' && this.#count < this.#limits.failures) return;
    this.#state = 'open';
    this.#openUntil = now + this.#limits.cooldownMs;
  }

  /** Whether the caller is the one who may probe now; then the breaker is half-open until it hears of the outcome. */
  takeProbe(now: number): boolean {
    if (this.#tripped || this.#state !== 'open' || now < this.#openUntil) return false;
    this.#state = 'half-open';
    return true;
  }

  /** When the next probe may go; undefined unless open, or where none goes before a reset. */
  get probeAt(): number | undefined {
    return this.#state === 'open' && !this.#tripped ? this.#openUntil : undefined;
  }
}

/** The figure of the metric. */
export const BREAKER_FIGURE: Record<BreakerState, number> = { closed: 0, 'half-open': 1, open: 2 };
