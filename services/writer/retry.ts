/** Full jitter (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog 2015): even between 0 and the ceiling. */
export function backoff(attempt: number, firstMs: number, ceilingMs: number, random: () => number): number {
  return Math.min(ceilingMs, firstMs * 2 ** (attempt - 1)) * random();
}
