const SAMPLE_MS = 50;

/** How late the event loop is. */
export interface LoopDelay {
  /** ms; of the last sample, or of the one that is overdue now. */
  ms(): number;
  stop(): void;
}

/** Watches how late this process runs what is due: as long has whatever comes in waited before it is seen. */
export function watchLoopDelay(now: () => number = () => performance.now()): LoopDelay {
  let due = now() + SAMPLE_MS;
  let last = 0;
  const timer = setInterval(() => {
    last = Math.max(0, now() - due);
    due = now() + SAMPLE_MS;
  }, SAMPLE_MS).unref();
  return {
    ms: () => Math.max(last, now() - due),
    stop: () => clearInterval(timer),
  };
}
