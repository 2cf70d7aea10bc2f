const FIRST_MS = 200;
const LONGEST_MS = 10_000;
const LONGEST_RETRY_AFTER_MS = 120_000;

/**
 * How long to wait before the next try. What Sluice said is kept to, with jitter upwards only, so that who waits doesn't come back all at once;
 * else twice as long each time, half of it jitter.
 * @param tries made so far
 * @param saidMs Retry-After
 * @param random from 0 to 1
 */
export function pauseBefore(tries: number, saidMs: number | undefined, random: number): number {
  if (saidMs !== undefined) return Math.min(saidMs, LONGEST_RETRY_AFTER_MS) + random * FIRST_MS;
  return Math.min(FIRST_MS * 2 ** (tries - 1), LONGEST_MS) * (0.5 + random / 2);
}

/** Retry-After in ms: seconds or a date; undefined where there is none that can be read. */
export function retryAfterMs(text: string | null, now: number): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Waits. @throws the signal's reason */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', leave);
      resolve();
    }, ms);
    const leave = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', leave, { once: true });
  });
}
