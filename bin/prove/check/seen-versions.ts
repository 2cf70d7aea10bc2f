const BLOCK = 1_024;
const EXPLAINED = 0x8000;
const HIGHEST = EXPLAINED - 1;

/** What a message is, beside those of its record that came before. */
export type Arrival = 'first' | 'newer' | 'repeat' | 'back';

/** The last version seen of each record. Two bytes a record, for ids come in dense blocks: ten million take 20 MB. */
export class SeenVersions {
  readonly #blocks = new Map<number, Uint16Array>();

  /** Takes a version in, in the order of its partition. @throws RangeError for one beyond 32,767: no run makes as many */
  note(id: number, version: number): Arrival {
    if (version < 1 || version > HIGHEST) throw new RangeError(`version ${version} of record ${id}`);
    const last = this.last(id);
    if (version > last) this.#block(id)[id % BLOCK] = version;
    return last === 0 ? 'first' : version > last ? 'newer' : version === last ? 'repeat' : 'back';
  }

  /** The highest version of a record that was seen; 0 when none was. */
  last(id: number): number {
    return (this.#blocks.get(Math.floor(id / BLOCK))?.[id % BLOCK] ?? 0) & HIGHEST;
  }

  /** The record is in the table: it is left out of `unexplained`. */
  explain(id: number): void {
    const block = this.#blocks.get(Math.floor(id / BLOCK));
    if (block !== undefined) block[id % BLOCK] = (block[id % BLOCK] as number) | EXPLAINED;
  }

  /** Records that were seen and never explained. */
  *unexplained(): Generator<number> {
    for (const [no, block] of this.#blocks) for (const [i, cell] of block.entries()) if (cell !== 0 && (cell & EXPLAINED) === 0) yield no * BLOCK + i;
  }

  #block(id: number): Uint16Array {
    const no = Math.floor(id / BLOCK);
    const block = this.#blocks.get(no) ?? new Uint16Array(BLOCK);
    this.#blocks.set(no, block);
    return block;
  }
}
