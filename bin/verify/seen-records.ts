import { IdBits } from './id-bits.ts';
import { VersionPages } from './version-pages.ts';

/** What a message is, beside those of its record that came before. */
export type Arrival = 'first' | 'newer' | 'repeat' | 'back';

/**
 * Which records of a kind were seen on a topic, and their last versions. Takes two bits for each id (ids come in dense blocks),
 * and two bytes for each id of a block in which a record has a later version than its first.
 */
export class SeenRecords {
  readonly #seen = new IdBits();
  readonly #explained = new IdBits();
  readonly #later = new VersionPages();

  /** Takes a message in, in the order of its partition. */
  note(id: number, version: number): Arrival {
    const last = this.lastVersion(id);
    if (last === 0) this.#seen.set(id);
    if (version > 1) this.#later.raise(id, version);
    return last === 0 ? 'first' : version > last ? 'newer' : version === last ? 'repeat' : 'back';
  }

  /** The highest version of a record that was seen; 0 when none was. */
  lastVersion(id: number): number {
    return this.#later.of(id) || (this.#seen.has(id) ? 1 : 0);
  }

  /** The ledger explains this record: it is left out of `unexplained`. */
  explain(id: number): void {
    if (this.#seen.has(id)) this.#explained.set(id);
  }

  /** Records that were seen and never explained. */
  unexplained(): Iterable<number> {
    return this.#seen.without(this.#explained);
  }

  /** Records with a later version than their first, with the last one seen. */
  later(): Iterable<[id: number, version: number]> {
    return this.#later;
  }
}
