import type { Lane } from '../../shared/contracts/large.ts';
import type { Slice, SliceOutcome } from '../../shared/contracts/slices.ts';

/** Slices of one batch that wait for a writer and must share a flush, with their rows and the one who waits for them. */
export interface Entry {
  kind: string;
  /** Of a large batch; what a client waits for has none. */
  lane?: Lane;
  batchId: string;
  slices: Slice[];
  /** Items covered, rejects included. */
  items: number;
  /** For each row, which of the entry's slices it belongs to. */
  sliceOf: number[];
  /** For each row, its index less the first index of its slice. */
  offsetOf: number[];
  columns: Record<string, (string | null)[]>;
  bytes: number;
  requestId: string;
  /** Monotonic ms. */
  enqueuedAt: number;
  deadlineAt: number;
  /** When a writer had it first (monotonic ms): from then on only the ledger can tell what became of it. */
  handedOverAt: number | undefined;
  /** A writer had it and never answered: it may still write it. */
  lost: boolean;
  settled: boolean;
  /** One outcome a slice, in order. */
  done(outcomes: SliceOutcome[]): void;
  failed(error: unknown): void;
}

/**
 * The only queue between clients and writers: first in, first out; bounded by what admission lets in, and in time by its
 * entries' deadlines. What comes back from a writer that could not take it goes to the front.
 */
export class WriteQueue {
  /** Those before the head are taken, and let go at once: they hold whole batches. */
  #entries: (Entry | undefined)[] = [];
  #head = 0;
  #items = 0;
  #bytes = 0;

  get items(): number {
    return this.#items;
  }
  get bytes(): number {
    return this.#bytes;
  }
  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** When the oldest entry came, or undefined. Monotonic ms. */
  oldestAt(): number | undefined {
    return this.#entries[this.#head]?.enqueuedAt;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.#count(entry, 1);
  }

  pushFront(entries: readonly Entry[]): void {
    this.#entries.splice(0, this.#head, ...entries);
    this.#head = 0;
    for (const entry of entries) this.#count(entry, 1);
  }

  /** Removes what is queued of a batch; answers the entries removed. */
  drop(batchId: string): Entry[] {
    const dropped: Entry[] = [];
    const kept: Entry[] = [];
    for (let i = this.#head; i < this.#entries.length; i++) {
      const entry = this.#entries[i];
      if (entry === undefined) continue;
      if (entry.batchId === batchId) {
        dropped.push(entry);
        this.#count(entry, -1);
      } else kept.push(entry);
    }
    this.#entries = kept;
    this.#head = 0;
    return dropped;
  }

  /** Takes the entries of the next chunk: from the front, of one kind, within these bounds; at least one. */
  takeChunk(maxRows: number, maxBytes: number): Entry[] {
    const taken: Entry[] = [];
    let rows = 0;
    let bytes = 0;
    while (this.#head < this.#entries.length) {
      const entry = this.#entries[this.#head];
      if (entry === undefined) break;
      if (taken.length > 0 && (entry.kind !== taken[0]?.kind || rows + entry.offsetOf.length > maxRows || bytes + entry.bytes > maxBytes)) break;
      taken.push(entry);
      rows += entry.offsetOf.length;
      bytes += entry.bytes;
      this.#count(entry, -1);
      this.#entries[this.#head++] = undefined;
    }
    if (this.#head > 1_000 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  #count(entry: Entry, sign: 1 | -1): void {
    this.#items += sign * entry.items;
    this.#bytes += sign * entry.bytes;
  }
}
