/**
 * Preloaded into the nodes of a fleet (with --expose-gc) whose memory is measured: when asked, collects all garbage and tells what is
 * left. Without that, memory that V8 has not bothered to collect yet could not be told from memory that is never given back.
 */
export interface LiveMemory {
  /** Heap and buffers in use after a full collection, in MB. */
  live: number;
}

const collect = (globalThis as { gc?: () => void }).gc;

process.on('message', (message: { collect?: true }) => {
  if (message.collect !== true || collect === undefined) return;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ live: (heapUsed + external) / 1024 ** 2 } satisfies LiveMemory);
});
// The node must be able to end as if nobody listened.
process.channel?.unref();
