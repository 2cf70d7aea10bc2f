/**
 * Asks one statement for many: what comes while one runs goes together in the next. Alone nothing waits.
 * @param most entries of one statement
 * @param ask answers for each entry, in order
 */
export class Together<In, Out> {
  readonly #most: number;
  readonly #ask: (entries: In[]) => Promise<Out[]>;
  #waiting: { entry: In; resolve: (answer: Out) => void; reject: (error: unknown) => void }[] = [];
  #running = false;

  constructor(most: number, ask: (entries: In[]) => Promise<Out[]>) {
    this.#most = most;
    this.#ask = ask;
  }

  /** @throws what the statement failed of; then nothing is known of the entry */
  of(entry: In): Promise<Out> {
    return new Promise<Out>((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
      if (!this.#running) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#running = true;
    // What is asked in the same turn goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const lot = this.#waiting.splice(0, this.#most);
      try {
        const answers = await this.#ask(lot.map(({ entry }) => entry));
        lot.forEach(({ resolve }, i) => resolve(answers[i] as Out));
      } catch (error) {
        for (const { reject } of lot) reject(error);
      }
    }
    this.#running = false;
  }
}
