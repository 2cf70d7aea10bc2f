import type { Context } from 'moleculer';

/**
 * How long a call has waited for its turn in this node, in ms. Its deadline runs all that time: Moleculer notes when a
 * call came, then it waits for a slot, then it is carried out.
 */
export function waitedMs(ctx: Pick<Context, 'startHrTime'>): number {
  if (ctx.startHrTime === null) return 0;
  const [seconds, nanos] = process.hrtime(ctx.startHrTime);
  return seconds * 1_000 + nanos / 1e6;
}
