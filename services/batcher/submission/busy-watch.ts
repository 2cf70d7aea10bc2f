import type { OrderOutcome } from '../../../shared/contracts/submissions.ts';
import { type LoadedOrder, standingOf } from './outcomes.ts';

export interface WatchTools {
  load: (ids: readonly number[]) => Promise<Map<number, LoadedOrder>>;
  pollMs: number;
  now: () => number;
  after: (ms: number, run: () => void) => void;
  onFailure: (error: unknown) => void;
}

interface Watched {
  /** Monotonic ms. */
  until: number;
  /** Before that, a free order may still be claimed by a statement that nobody waits for any more. */
  freeFrom: number;
  submissionId: string;
  resolve: (outcome: OrderOutcome) => void;
}

/**
 * Orders that are in a submission which somebody else carries to its end: another edge, or the reconciler. All of them are looked at in
 * one query, as long as there are any.
 */
export class BusyWatch {
  readonly #tools: WatchTools;
  readonly #watched = new Map<number, Watched>();
  #looking = false;

  constructor(tools: WatchTools) {
    this.#tools = tools;
  }

  /** Resolves with what the submission came to, or as unknown at `until` (monotonic ms). One watch an order. */
  watch(id: number, submissionId: string, until: number, freeFrom = 0): Promise<OrderOutcome> {
    return new Promise((resolve) => {
      this.#watched.set(id, { until, freeFrom, submissionId, resolve });
      this.#plan();
    });
  }

  /** What is still under way is told as unknown. */
  stop(): void {
    for (const { resolve } of this.#watched.values()) resolve({ outcome: 'unknown', flag: null });
    this.#watched.clear();
  }

  #plan(): void {
    if (this.#looking || this.#watched.size === 0) return;
    this.#looking = true;
    this.#tools.after(this.#tools.pollMs, () => {
      void this.#look().finally(() => {
        this.#looking = false;
        this.#plan();
      });
    });
  }

  async #look(): Promise<void> {
    const ids = [...this.#watched.keys()];
    const found = await this.#tools.load(ids).catch((error: unknown) => {
      this.#tools.onFailure(error);
      return undefined;
    });
    const now = this.#tools.now();
    for (const id of ids) {
      const watched = this.#watched.get(id);
      if (watched === undefined) continue;
      const outcome = found === undefined ? undefined : endOf(found.get(id), watched, now);
      if (outcome === undefined && now < watched.until) continue;
      this.#watched.delete(id);
      watched.resolve(outcome ?? { outcome: 'unknown', flag: found?.get(id)?.flag ?? null });
    }
  }
}

function endOf(order: LoadedOrder | undefined, { freeFrom, submissionId }: Watched, now: number): OrderOutcome | undefined {
  const standing = standingOf(order, true, submissionId);
  if (standing.standing === 'ended') return standing.outcome;
  if (standing.standing === 'free') return now < freeFrom ? undefined : { outcome: 'unsent', code: 'released' };
  // A person decides on it: nobody need wait.
  return standing.flag === 'clash' || standing.flag === 'overdue' ? { outcome: 'unknown', flag: standing.flag } : undefined;
}
