/** Lets so many hold a permit at the same time; the others wait in the order in which they came. */
export class Permits {
  #limit: number;
  #held = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #halted: AbortSignal;

  /** @param halted once aborted, nobody gets a permit any more */
  constructor(limit: number, halted: AbortSignal) {
    this.#limit = limit;
    this.#halted = halted;
    halted.addEventListener('abort', () => this.#wakeAll(), { once: true });
  }

  get held(): number {
    return this.#held;
  }

  /** Another number of permits; those who hold one keep it. */
  set limit(limit: number) {
    this.#limit = limit;
    this.#wakeAll();
  }

  /** Resolves with what gives the permit back, or with nothing once there are none any more. */
  async take(): Promise<(() => void) | undefined> {
    while (!this.#halted.aborted && this.#held >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#halted.aborted) return undefined;
    this.#held++;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#held--;
      this.#waiting.shift()?.();
    };
  }

  #wakeAll(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
