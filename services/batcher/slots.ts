import type { FlushesLimited } from '../../shared/contracts/flush-limit.ts';
import type { WriterNode } from '../../shared/runtime/fleet.ts';

interface Lane {
  /** What the writer runs at the same time where no limiter says otherwise. */
  fixed: number;
  inFlight: number;
  /** Which take, counted over all writers, was the last of this one. */
  lastTake: number;
  /** Said "full" lately: not asked again before. Monotonic ms. */
  fullUntil: number;
  /** Asked whether it still answers, and has not yet. */
  doubted: boolean;
}

/** Beyond its slots a writer takes one full chunk that waits there, so that a slot that becomes free has work at once. */
const AHEAD = 1;
/**
 * Share of the slots that chunks below full size may use at once: with fewer of them in flight more requests share a
 * flush (docs/decisions/0003). A lone request finds a slot free all the same.
 */
const SMALL_SHARE = 1 / 3;
/** A chunk that has been away for longer waits for a disk, a lock or a dead writer, and not for the CPU: no reason to hold up others. */
export const HELD_UP_MS = 3;
/** How long a writer that said "full" is left alone. */
const FULL_PAUSE_MS = 20;

/**
 * The flush slots this edge may use, and which of them are free: its share of those of every writer, whose number is fixed or what the
 * fleet's limiter grants it. With several edges the shares are rounded up, and a writer that is full all the same says so.
 */
export class Slots {
  readonly #lanes = new Map<string, Lane>();
  /** When each chunk in flight was handed over; monotonic ms, ascending. */
  #handedOver: number[] = [];
  #takes = 0;
  #edges = 1;
  /** What the limiter grants the writers; until then, monotonic ms. */
  #limit: { writers: Readonly<Record<string, number>>; maxRows: number; until: number } | undefined;

  /** Takes over what the fleet's limiter decided: it holds for so long. */
  limited({ writers, maxRows, validMs }: Pick<FlushesLimited, 'writers' | 'maxRows' | 'validMs'>, now: number): void {
    this.#limit = { writers, maxRows, until: now + validMs };
  }

  /** Where the limiter has said nothing for too long, the fixed number of slots holds. */
  expire(now: number): void {
    if (this.#limit !== undefined && this.#limit.until <= now) this.#limit = undefined;
  }

  /** Takes over what the registry says now. Writers that are gone lose their slots; calls to them fail by themselves. */
  update(writers: readonly WriterNode[], edges: number): void {
    for (const nodeId of this.#lanes.keys()) if (!writers.some((w) => w.nodeId === nodeId)) this.#lanes.delete(nodeId);
    this.#edges = Math.max(1, edges);
    for (const { nodeId, slots } of writers) {
      const lane = this.#lanes.get(nodeId);
      if (lane === undefined) this.#lanes.set(nodeId, { fixed: slots, inFlight: 0, lastTake: 0, fullUntil: 0, doubted: false });
      else lane.fixed = slots;
    }
  }

  /**
   * Takes a slot of the writer that is least busy for its size, among equals of the one that has waited longest: else one
   * chunk at a time would always go to the same writer. One in doubt is given nothing while another is not. `full`: for a chunk of full size.
   * @returns the writer; or, where none may be taken, in how many ms to look again (undefined: when one is given back)
   */
  take(now: number, full: boolean): { nodeId: string } | { lookAgainMs: number | undefined } {
    if (!full) {
      const recent = this.#handedOver.filter((at) => now - at < HELD_UP_MS);
      if (recent.length >= Math.max(1, Math.floor(this.total * SMALL_SHARE))) return { lookAgainMs: HELD_UP_MS - (now - (recent[0] ?? now)) };
    }
    // What a writer holds that may be dead is no reason to keep work from those that answer.
    const answering = [...this.#lanes].filter(([, { doubted }]) => !doubted);
    const lanes = answering.length > 0 ? answering : [...this.#lanes];
    const ahead = full ? AHEAD : 0;
    const [best] = lanes
      .map(([nodeId, lane]) => ({ nodeId, lane, share: this.#share(nodeId, lane) }))
      .filter(({ lane, share }) => lane.inFlight < share + ahead && lane.fullUntil <= now)
      .sort((a, b) => a.lane.inFlight / a.share - b.lane.inFlight / b.share || a.lane.lastTake - b.lane.lastTake);
    if (best === undefined) return { lookAgainMs: undefined };
    const { nodeId, lane } = best;
    lane.inFlight++;
    lane.lastTake = ++this.#takes;
    this.#handedOver.push(now);
    return { nodeId };
  }

  /** Gives back a slot taken at `takenAt`. `full`: the writer had no room. Answers when it may be asked again, if it was full. */
  give(nodeId: string, takenAt: number, now: number, full: boolean): number | undefined {
    const at = this.#handedOver.indexOf(takenAt);
    if (at !== -1) this.#handedOver.splice(at, 1);
    const lane = this.#lanes.get(nodeId);
    if (lane === undefined) return undefined;
    lane.inFlight = Math.max(0, lane.inFlight - 1);
    if (!full) return undefined;
    lane.fullUntil = now + FULL_PAUSE_MS;
    return FULL_PAUSE_MS;
  }

  /** When the chunk that has been away longest was handed over, or undefined. Monotonic ms. */
  oldestAt(): number | undefined {
    return this.#handedOver[0];
  }

  /** Whether it is doubted that this writer still answers. */
  doubt(nodeId: string, doubted: boolean): void {
    const lane = this.#lanes.get(nodeId);
    if (lane !== undefined) lane.doubted = doubted;
  }

  /** Writers in doubt. */
  doubted(): string[] {
    return [...this.#lanes].flatMap(([nodeId, lane]) => (lane.doubted ? [nodeId] : []));
  }

  /** Whether there is a writer beside this one that is not in doubt. */
  othersAnswer(nodeId: string): boolean {
    return [...this.#lanes].some(([other, { doubted }]) => other !== nodeId && !doubted);
  }

  has(nodeId: string): boolean {
    return this.#lanes.has(nodeId);
  }

  get total(): number {
    return [...this.#lanes].reduce((sum, [nodeId, lane]) => sum + this.#share(nodeId, lane), 0);
  }
  /** Most rows of a chunk, as the limiter says. */
  get maxRows(): number {
    return this.#limit?.maxRows ?? Infinity;
  }
  get inFlight(): number {
    return [...this.#lanes.values()].reduce((sum, lane) => sum + lane.inFlight, 0);
  }
  get writers(): number {
    return this.#lanes.size;
  }

  #share(nodeId: string, { fixed }: Lane): number {
    return Math.max(1, Math.ceil((this.#limit?.writers[nodeId] ?? fixed) / this.#edges));
  }
}
