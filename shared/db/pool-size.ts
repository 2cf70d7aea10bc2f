/** Share of a pool that full slots take up, so that a writer at its limit still is healthy. */
const HEALTHY_SHARE = 0.7;

/** Connections a writer needs for this many flushes at a time: full slots stay at 70 % of the pool. */
export function writerPoolSize(writerConcurrency: number): number {
  return Math.ceil(writerConcurrency / HEALTHY_SHARE) + 1;
}
