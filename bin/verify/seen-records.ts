const BLOCK = 1_024;

/** What a message is, beside those of its record that came before. */
export type Arrival = 'first' | 'newer' | 'repeat' | 'back';

/**
 * Which records of a kind were seen on a topic, and their last versions. Takes one bit for each id (ids come in dense blocks),
 * and an entry for each record that has a later version than its first: 10 million records take 1.3 MB.
 */
export class SeenRecords {
  readonly #blocks = new Map<number, Uint32Array>();
  readonly #later = new Map<number, number>();

  /** Takes a message in, in the order of its partition. */
  note(id: number, version: number): Arrival {
    const last = this.lastVersion(id);
    if (last === 0) this.#mark(id);
    if (version > Math.max(1, last)) this.#later.set(id, version);
    return last === 0 ? 'first' : version > last ? 'newer' : version === last ? 'repeat' : 'back';
  }

  /** The highest version of a record that was seen; 0 when none was. */
  lastVersion(id: number): number {
    return this.#later.get(id) ?? (this.#has(id) ? 1 : 0);
  }

  /** The ledger explains this record: it is left out of `unexplained`. */
  explain(id: number): void {
    const words = this.#blocks.get(Math.floor(id / BLOCK));
    if (words !== undefined) words[(id % BLOCK) >> 5] = (words[(id % BLOCK) >> 5] ?? 0) & ~(1 << (id & 31));
  }

  /** Records that were seen and never explained. */
  *unexplained(): Generator<number> {
    for (const [block, words] of this.#blocks) {
      if (words.every((word) => word === 0)) continue;
      for (let at = 0; at < BLOCK; at++) if (((words[at >> 5] ?? 0) >>> (at & 31)) & 1) yield block * BLOCK + at;
    }
  }

  /** Records with a later version than their first, with the last one seen. */
  later(): Iterable<[id: number, version: number]> {
    return this.#later;
  }

  #has(id: number): boolean {
    const words = this.#blocks.get(Math.floor(id / BLOCK));
    return words !== undefined && (((words[(id % BLOCK) >> 5] ?? 0) >>> (id & 31)) & 1) === 1;
  }

  #mark(id: number): void {
    const block = Math.floor(id / BLOCK);
    const words = this.#blocks.get(block) ?? new Uint32Array(BLOCK / 32);
    this.#blocks.set(block, words);
    words[(id % BLOCK) >> 5] = (words[(id % BLOCK) >> 5] ?? 0) | (1 << (id & 31));
  }
}
