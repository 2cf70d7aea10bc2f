import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit } from '../../shared/runtime/servers/server-process.ts';

/** A process that was started and is ready. */
export interface Running {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Stops it in order, in the end by force. */
  stop(): Promise<void>;
}

/** What happens to a part, for the line that tells it. */
export type Happening =
  | { what: 'ended'; exit: Exit; pauseMs: number }
  | { what: 'failed'; error: unknown; pauseMs: number }
  | { what: 'back'; pid: number; ms: number };

export interface Supervised {
  /** From now on its end is its end. */
  release(): void;
  /** Releases it, cuts off a start under way, and stops what runs. Twice is fine. */
  stop(): Promise<void>;
}

const SHORTEST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** A part that has run for this long counts as sound: its next death is a first one. */
const SOUND_AFTER_MS = 30_000;

/** The pause in ms before the next start, after so many deaths or failed starts in a row. */
export function restartPause(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** (failures - 1));
}

/**
 * Keeps one part running: whenever it ends it is started again, after a pause that grows while it keeps dying.
 * @param start starts it and resolves when it is ready; rejects soon after its signal
 * @param first what runs already; undefined has it started after a first pause
 */
export function supervise(start: (signal: AbortSignal) => Promise<Running>, first: Running | undefined, tell: (happening: Happening) => void): Supervised {
  const released = new AbortController();
  const { signal } = released;
  let running = first;
  const loop = async (): Promise<void> => {
    let failures = 0;
    for (;;) {
      if (running) {
        const since = performance.now();
        const exit = await running.exited;
        if (signal.aborted) return;
        running = undefined;
        failures = performance.now() - since > SOUND_AFTER_MS ? 1 : failures + 1;
        tell({ what: 'ended', exit, pauseMs: restartPause(failures) });
      } else failures += 1;
      await sleep(restartPause(failures), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const began = performance.now();
      try {
        running = await start(signal);
        if (!signal.aborted) tell({ what: 'back', pid: running.pid, ms: performance.now() - began });
      } catch (error) {
        if (signal.aborted) return;
        tell({ what: 'failed', error, pauseMs: restartPause(failures + 1) });
      }
    }
  };
  const ended = loop();
  return {
    release: () => released.abort(),
    async stop() {
      released.abort();
      await running?.stop();
      await ended;
      await running?.stop(); // one that became ready just then
    },
  };
}
