/** Work that is done again and again until it is stopped. */
export interface Loop {
  /** Twice is fine. */
  start(): void;
  /** Waits for the round that runs. Twice, and before the start, is fine; a stopped loop can be started again. */
  stop(): Promise<void>;
}

/**
 * Runs a piece of work every `ms` milliseconds, never two rounds at once; the pause counts from the end of a round.
 * A round that fails is reported, and the next one comes all the same.
 */
export function every(ms: number, work: () => Promise<void>, onError: (error: unknown) => void): Loop {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let on = false;
  const plan = () => {
    timer = setTimeout(() => {
      running = work()
        .catch(onError)
        .finally(() => {
          running = undefined;
          if (on) plan();
        });
    }, ms);
    timer.unref();
  };
  return {
    start() {
      if (on) return;
      on = true;
      if (running === undefined) plan();
    },
    async stop() {
      on = false;
      clearTimeout(timer);
      await running;
    },
  };
}
