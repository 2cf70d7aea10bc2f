import type { Reject } from '../../../shared/contracts/slices.ts';
import type { ValidatedItems } from '../validate-items.ts';

/** So many failed items of a large batch keep the text of what is wrong with them; of ten million, the texts alone would fill disks. */
export const MOST_TEXTS = 10_000;

/** Bounds the texts that are kept of one batch's failed items. Index, code and pointer of each are kept in any case, and so are the counts. */
export class RejectTexts {
  #left: number;

  /** @param kept failed items whose texts were kept before */
  constructor(kept: number) {
    this.#left = MOST_TEXTS - kept;
  }

  /** So many failed items more have kept theirs, of an earlier upload of the same batch. */
  kept(items: number): void {
    this.#left -= items;
  }

  /** The same items, those of their rejects without a text that are beyond the bound. */
  bound(items: ValidatedItems): ValidatedItems {
    const failed = new Set<number>();
    const left = this.#left;
    const rejects = items.rejects.map((reject): Reject => {
      const [index, code, pointer] = reject;
      failed.add(index);
      return failed.size <= left ? reject : [index, code, pointer, ''];
    });
    this.#left -= failed.size;
    return failed.size <= left ? items : { ...items, rejects };
  }
}
