import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../../shared/runtime/log.ts';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/**
 * What an attempt came to must not be lost while PostgreSQL is away for a while: it is told until it is known, or nobody waits for it.
 * @throws what PostgreSQL failed with, once `stop` is aborted
 */
export async function persisted<T>({ stop, log, batchId }: { stop: AbortSignal; log: Logger; batchId: string }, tell: () => Promise<T>): Promise<T> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
    try {
      return await tell();
    } catch (error) {
      if (stop.aborted) throw error;
      log.warn({ err: error, batchId }, 'the end of an attempt at an item could not be noted; tried again');
      await sleep(pause, undefined, { signal: stop }).catch(() => undefined); // stopped: one last try
    }
  }
}
