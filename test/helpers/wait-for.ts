import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `condition` gives something true, and returns that. Fails after `timeoutMs` (30,000 if not given: CI has few cores, and much to do on them) naming `what` was
 * awaited; if the condition itself failed last, with that as the cause.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 30_000, what }: { timeoutMs?: number; what: string },
): Promise<Exclude<Awaited<T>, false | null | undefined | 0 | ''>> {
  const until = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const result = await condition();
      lastError = undefined;
      if (result) return result as Exclude<Awaited<T>, false | null | undefined | 0 | ''>;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > until) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.`, { cause: lastError });
    await sleep(10);
  }
}
