import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Preloaded into the nodes of a fleet (with --expose-gc) whose memory is measured: when asked, collects all garbage and tells what is
 * left. Without that, memory that V8 has not bothered to collect yet could not be told from memory that is never given back.
 */
export interface LiveMemory {
  /** Heap and buffers in use after a full collection, in MB. */
  live: number;
}

const collect = (globalThis as { gc?: () => void }).gc;

/** Buffers are let go in the background after a collection, and what only they held at the next one. */
const COLLECTIONS = 3;
const PAUSE_MS = 100;

async function tell(): Promise<void> {
  for (let i = 0; i < COLLECTIONS; i++) {
    collect?.();
    await sleep(PAUSE_MS);
  }
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ live: (heapUsed + external) / 1024 ** 2 } satisfies LiveMemory);
}

process.on('message', (message: { collect?: true }) => {
  if (message.collect === true && collect !== undefined) void tell();
});
// The node must be able to end as if nobody listened.
process.channel?.unref();
