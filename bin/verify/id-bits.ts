const BLOCK = 1_024;
const WORDS = BLOCK / 32;

/** A set of ids: one bit for each of a block of 1,024 neighbours, as soon as one of them is in. */
export class IdBits {
  readonly #blocks = new Map<number, Uint32Array>();

  set(id: number): void {
    const no = Math.floor(id / BLOCK);
    const words = this.#blocks.get(no) ?? new Uint32Array(WORDS);
    this.#blocks.set(no, words);
    words[(id % BLOCK) >> 5] = (words[(id % BLOCK) >> 5] ?? 0) | (1 << (id & 31));
  }

  has(id: number): boolean {
    const words = this.#blocks.get(Math.floor(id / BLOCK));
    return words !== undefined && (((words[(id % BLOCK) >> 5] ?? 0) >>> (id & 31)) & 1) === 1;
  }

  /** The ids that are here and not there. */
  *without(other: IdBits): Generator<number> {
    for (const [no, words] of this.#blocks) {
      const theirs = other.#blocks.get(no);
      if (words.every((word, i) => word === (theirs?.[i] ?? 0))) continue;
      for (let id = no * BLOCK; id < (no + 1) * BLOCK; id++) if (this.has(id) && !other.has(id)) yield id;
    }
  }
}
