import { backoffMs, type BackoffSettings } from './backoff.ts';

/**
 * Partitions that failed and rest before they are tried again, each with its own count: one that is down does not hold up the
 * others. Kept in memory alone: after a restart they are simply tried. Times are monotonic, in ms.
 */
export class PartitionRests {
  readonly #settings: BackoffSettings;
  readonly #random: () => number;
  readonly #rests = new Map<number, { until: number; failures: number }>();

  constructor(settings: BackoffSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
  }

  /** Partitions that must not be sent to now. */
  blocked(now: number): Set<number> {
    return new Set([...this.#rests].filter(([, r]) => now < r.until).map(([partition]) => partition));
  }

  /** Whether a partition failed last time: it is sent to apart from the others, so that it can't fail them. */
  onProbation(partition: number): boolean {
    return this.#rests.has(partition);
  }

  /** It was in a send that failed as a whole: it may go at once, but apart, where it shows whose fault that was. */
  suspected(partition: number): void {
    if (!this.#rests.has(partition)) this.#rests.set(partition, { until: 0, failures: 0 });
  }

  failed(partition: number, now: number): void {
    const failures = (this.#rests.get(partition)?.failures ?? 0) + 1;
    this.#rests.set(partition, { failures, until: now + backoffMs(failures, this.#settings, this.#random()) });
  }

  /** Something that was sent may still arrive: nothing newer may follow before `until`. */
  unsettled(partition: number, until: number): void {
    const failures = this.#rests.get(partition)?.failures ?? 0;
    this.#rests.set(partition, { failures, until: Math.max(until, this.#rests.get(partition)?.until ?? 0) });
  }

  acknowledged(partition: number): void {
    this.#rests.delete(partition);
  }
}
