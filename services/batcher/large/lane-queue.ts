import type { Lane } from '../../../shared/contracts/large.ts';
import type { Entry } from '../queue.ts';

/** Turns of each lane while all have work, each at least one: none is ever starved. */
export type LaneWeights = Readonly<Record<Lane, number>>;

const LANES: readonly Lane[] = ['high', 'normal', 'low'];

/**
 * Segments of large batches that wait for a writer: lanes take turns by weight (smooth weighted round-robin, as in nginx'
 * upstreams), the batches of a lane one after the other. Bounded by each batch's parallelism.
 */
export class LaneQueue {
  /** By lane, the batches with work, in the order of their turns; each batch's entries are in order. */
  readonly #lanes: Record<Lane, Map<string, Entry[]>> = { high: new Map(), normal: new Map(), low: new Map() };
  readonly #credit: Record<Lane, number> = { high: 0, normal: 0, low: 0 };
  readonly #weights: LaneWeights;
  #length = 0;
  #items = 0;

  /** @param weights read anew at each turn */
  constructor(weights: LaneWeights) {
    this.#weights = weights;
  }

  get length(): number {
    return this.#length;
  }
  get items(): number {
    return this.#items;
  }

  push(entry: Entry): void {
    this.#entriesOf(entry).push(entry);
    this.#count(entry, 1);
  }

  /** Back to the front of their batches. */
  pushFront(entries: readonly Entry[]): void {
    for (const entry of entries.toReversed()) {
      this.#entriesOf(entry).unshift(entry);
      this.#count(entry, 1);
    }
  }

  /** The next chunk: entries of the batch whose turn it is, within these bounds; at least one, unless nobody waits for any of them any more. */
  takeChunk(maxRows: number, maxBytes: number): Entry[] {
    const lane = this.#nextLane();
    const [turn] = lane === undefined ? [] : this.#lanes[lane];
    if (lane === undefined || turn === undefined) return [];
    const [batchId, entries] = turn;
    const taken: Entry[] = [];
    let rows = 0;
    let bytes = 0;
    for (let next = entries[0]; next !== undefined; next = entries[0]) {
      if (next.settled) {
        entries.shift();
        this.#count(next, -1);
        continue;
      }
      if (taken.length > 0 && (rows + next.offsetOf.length > maxRows || bytes + next.bytes > maxBytes)) break;
      entries.shift();
      taken.push(next);
      rows += next.offsetOf.length;
      bytes += next.bytes;
      this.#count(next, -1);
    }
    // Its turn is over: the batch goes to the end of its lane, or leaves it.
    this.#lanes[lane].delete(batchId);
    if (entries.length > 0) this.#lanes[lane].set(batchId, entries);
    return taken;
  }

  #nextLane(): Lane | undefined {
    const waiting = LANES.filter((lane) => this.#lanes[lane].size > 0);
    let best: Lane | undefined;
    for (const lane of waiting) {
      this.#credit[lane] += this.#weights[lane];
      if (best === undefined || this.#credit[lane] > this.#credit[best]) best = lane;
    }
    if (best !== undefined) this.#credit[best] -= waiting.reduce((sum, lane) => sum + this.#weights[lane], 0);
    return best;
  }

  #entriesOf(entry: Entry): Entry[] {
    const lane = this.#lanes[entry.lane ?? 'normal'];
    const entries = lane.get(entry.batchId) ?? [];
    lane.set(entry.batchId, entries);
    return entries;
  }

  #count(entry: Entry, sign: 1 | -1): void {
    this.#length += sign;
    this.#items += sign * entry.items;
  }
}
