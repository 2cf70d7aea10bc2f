import { createHash } from 'node:crypto';

/** A part of an upload that is done: items [first, end), and what the upload's bytes up to its end amount to. */
export interface DonePart {
  first: number;
  end: number;
  endBytes: number;
  /** SHA-256 of the part's own bytes, hex. */
  digest: string;
  written: number;
  rejected: number;
}

/** A place in an upload up to which everything is done. */
export interface Mark {
  items: number;
  bytes: number;
  /** Chained over the parts before it, hex: each part's digest hashed with the chain so far. Empty at the start. */
  sha: string;
  written: number;
  rejected: number;
}

export const START: Mark = { items: 0, bytes: 0, sha: '', written: 0, rejected: 0 };

/**
 * The contiguous prefix of an upload whose parts finish in any order. The hash is a chain over the parts, because the state
 * of a running SHA-256 can't be kept in a table and continued in another process.
 */
export class Prefix {
  #mark: Mark;
  readonly #waiting = new Map<number, DonePart>();

  constructor(from: Mark) {
    this.#mark = from;
  }

  get mark(): Mark {
    return this.#mark;
  }

  /** A part is done; answers the marks that the prefix passed because of it, in order. */
  done(part: DonePart): Mark[] {
    this.#waiting.set(part.first, part);
    const passed: Mark[] = [];
    for (let next = this.#waiting.get(this.#mark.items); next !== undefined; next = this.#waiting.get(this.#mark.items)) {
      this.#waiting.delete(next.first);
      this.#mark = {
        items: next.end,
        bytes: next.endBytes,
        sha: createHash('sha256').update(this.#mark.sha).update(next.digest).digest('hex'),
        written: this.#mark.written + next.written,
        rejected: this.#mark.rejected + next.rejected,
      };
      passed.push(this.#mark);
    }
    return passed;
  }
}
