import type { LargeRow } from './large-row.ts';
import type { Mark } from './prefix.ts';

/** What an upload begins from: a new batch, or one that was broken off. */
export interface UploadStart {
  row: LargeRow;
  epoch: number;
  /** Where the upload begins: the start, or a checkpoint. */
  from: Mark;
  /** The items that the newest checkpoint stands for: only beyond them new ones are written. */
  checkpoint: { items: number };
  /** Chained hashes that an earlier upload of the same batch left, by items. */
  marks: ReadonlyMap<number, string>;
  /** The batch has ended well: what comes is only compared. */
  compareOnly: boolean;
  requestId: string;
  trace: string;
}

/** Why an upload cannot go on. `state` is the batch's; `taken`: another edge goes on with it; `stopping`: this one stops, and any other may go on with it. */
export class UploadEnded extends Error {
  readonly why: LargeRow['state'] | 'taken' | 'stopping' | 'other-body';
  constructor(why: UploadEnded['why']) {
    super(`the upload has ended: ${why}`);
    this.name = 'UploadEnded';
    this.why = why;
  }
}
