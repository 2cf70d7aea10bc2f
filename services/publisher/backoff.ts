import type { Settings } from '../../shared/config/settings.ts';

export type BackoffSettings = Pick<Settings, 'retryInitialDelay' | 'retryMultiplier' | 'retryMaxDelay'>;

/**
 * Pause in ms before the try that follows `failures` failures (from 1): exponential, bounded, with full jitter, so that what
 * failed together does not come back together (M. Brooker, "Exponential Backoff and Jitter", 2015).
 * @param random number from 0 up to 1
 */
export function backoffMs(failures: number, settings: BackoffSettings, random: number): number {
  const most = Math.min(settings.retryMaxDelay, settings.retryInitialDelay * settings.retryMultiplier ** Math.max(0, failures - 1));
  return Math.ceil(most * random);
}
