import { ID_BLOCK } from '../../shared/records/shard.ts';

/** A run of ids inside one block, so of one shard. */
export interface IdRun {
  firstId: number;
  length: number;
}

/**
 * Reserves `blocks` blocks of ids for a kind; answers the number of the first one. `beyond` asks for blocks past
 * everything that the table holds, after ids were found in use.
 */
export type ReserveBlocks = (blocks: number, beyond: boolean) => Promise<number>;

/**
 * Ids of one kind on one node: handed out from aligned blocks that were reserved in the database, in order, each once.
 * What a stopped node had left of its last block stays unused.
 */
export class IdBlocks {
  readonly #reserve: ReserveBlocks;
  #free: IdRun[] = [];
  #reserving: Promise<void> | undefined;
  #beyond = false;
  /** Ids from here on were reserved after the last distrust. */
  #trustedFrom = 0;

  constructor(reserve: ReserveBlocks) {
    this.#reserve = reserve;
  }

  /** Takes `count` ids, as few runs as there are blocks to touch. */
  async take(count: number): Promise<IdRun[]> {
    while (this.#available() < count) await this.#refill(count);
    const runs: IdRun[] = [];
    let left = count;
    while (left > 0) {
      const head = this.#free[0];
      if (head === undefined) throw new Error('ids were promised and are not there');
      const length = Math.min(left, head.length);
      runs.push({ firstId: head.firstId, length });
      left -= length;
      if (length === head.length) this.#free.shift();
      else this.#free[0] = { firstId: head.firstId + length, length: head.length - length };
    }
    return runs;
  }

  /**
   * `id` was given out here and found in use: drops all ids in stock, and the next ones come from beyond the table's
   * greatest. Many slices of one flush report the same trouble; only the first of them costs the stock.
   */
  distrust(id: number): void {
    if (this.#beyond || id < this.#trustedFrom) return;
    this.#free = [];
    this.#beyond = true;
  }

  #available(): number {
    return this.#free.reduce((sum, run) => sum + run.length, 0);
  }

  /** One reservation at a time; who waits meanwhile looks again. */
  #refill(count: number): Promise<void> {
    this.#reserving ??= this.#fetch(count).finally(() => {
      this.#reserving = undefined;
    });
    return this.#reserving;
  }

  async #fetch(count: number): Promise<void> {
    const beyond = this.#beyond;
    const blocks = Math.max(1, Math.ceil((count - this.#available()) / ID_BLOCK));
    const first = await this.#reserve(blocks, beyond);
    // Distrusted while it was asked for: these blocks may be in use too.
    if (this.#beyond && !beyond) return;
    if (beyond) {
      this.#beyond = false;
      this.#trustedFrom = first * ID_BLOCK;
    }
    for (let block = first; block < first + blocks; block++) {
      // Id 0 is never given out: clients take it for "no id".
      const skip = block === 0 ? 1 : 0;
      this.#free.push({ firstId: block * ID_BLOCK + skip, length: ID_BLOCK - skip });
    }
  }
}
