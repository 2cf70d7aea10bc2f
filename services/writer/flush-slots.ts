import { Errors } from 'moleculer';

/**
 * The slots of a writer: so many flushes run at a time, as a limiter says or else as is fixed, and as many may wait behind them, so
 * that a slot that becomes free has its next chunk at once. Who finds no place is told so, and goes to another writer.
 */
export class FlushSlots {
  readonly #fixed: () => number;
  readonly #most: number;
  readonly #now: () => number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** What the limiter grants, and until when; monotonic ms. */
  #granted: { slots: number; until: number } | undefined;

  /**
   * @param fixed flushes at a time where no limiter says otherwise
   * @param most flushes at a time, whatever anyone says
   */
  constructor(fixed: () => number, most: number, now: () => number) {
    this.#fixed = fixed;
    this.#most = most;
    this.#now = now;
  }

  get running(): number {
    return this.#running;
  }
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes over what the limiter grants: it holds for so long. */
  grant(slots: number, validMs: number): void {
    this.#granted = { slots, until: this.#now() + validMs };
    this.look();
  }

  /** Lets go on who may: to be called now and then, for a grant that ran out changes the number too. */
  look(): void {
    while (this.#waiting.length > 0 && this.#running < this.#allowed()) {
      this.#running++;
      this.#waiting.shift()?.();
    }
  }

  /**
   * Does the work when there is a slot for it.
   * @throws QUEUE_FULL where as many wait as may
   */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#allowed() && this.#waiting.length === 0) this.#running++;
    else {
      if (this.#waiting.length >= this.#allowed()) throw new Errors.QueueIsFullError({ action: 'writer.write', nodeID: '' });
      await new Promise<void>((go) => this.#waiting.push(go));
    }
    try {
      return await work();
    } finally {
      this.#running--;
      this.look();
    }
  }

  #allowed(): number {
    if (this.#granted !== undefined && this.#granted.until <= this.#now()) this.#granted = undefined;
    return Math.max(1, Math.min(this.#most, this.#granted?.slots ?? this.#fixed()));
  }
}
