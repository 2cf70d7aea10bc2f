import { ADD_CHECKPOINT } from '../../../shared/db/queries/large-batches.ts';
import type { TakeTools } from '../take-batch.ts';
import type { PersistLarge } from './persist-large.ts';
import type { Mark } from './prefix.ts';
import { UploadEnded, type UploadStart } from './upload-start.ts';

const CHECKPOINT_MS = 10_000;

/** The checkpoints of an upload: compares each mark with what an earlier upload left, and writes one when it is due. */
export class Checkpoints {
  readonly #tools: TakeTools;
  readonly #start: UploadStart;
  readonly #persist: PersistLarge;
  readonly #epoch: () => number;
  #newest: { items: number; at: number };
  /** Items of the newest one that is known to be written. */
  #noted: number;
  #writing: Promise<void> = Promise.resolve();

  /** @param epoch the upload's when one is written: it rises when a segment is fenced */
  constructor(tools: TakeTools, start: UploadStart, persist: PersistLarge, epoch: () => number) {
    this.#tools = tools;
    this.#start = start;
    this.#persist = persist;
    this.#epoch = epoch;
    this.#newest = { ...start.checkpoint, at: tools.now() };
    this.#noted = start.checkpoint.items;
  }

  /** The prefix has come to a mark. @throws UploadEnded other-body where an earlier upload had other bytes up to it */
  reached(mark: Mark): void {
    this.#look(mark, false);
  }

  /** The upload breaks off at this mark: it gets a checkpoint, if it can be written. @throws UploadEnded as `reached` */
  async leave(mark: Mark): Promise<void> {
    this.#look(mark, true);
    await this.#writing;
  }

  /** The upload is whole with this mark. A batch is held against its checkpoints then: one that was fenced off, or lost, is written after all. */
  async end(mark: Mark): Promise<void> {
    await this.leave(mark);
    if (this.#start.compareOnly || this.#noted >= mark.items) return;
    this.#newest = { ...this.#newest, items: this.#noted };
    await this.leave(mark);
  }

  #look(mark: Mark, last: boolean): void {
    const { row, marks, compareOnly } = this.#start;
    const expected = marks.get(mark.items);
    if (expected !== undefined && expected !== mark.sha) throw new UploadEnded('other-body');
    const now = this.#tools.now();
    const due = last || (row.checkpointing && (mark.items - this.#newest.items >= row.checkpointInterval || now - this.#newest.at >= CHECKPOINT_MS));
    if (compareOnly || !due || mark.items <= this.#newest.items) return;
    this.#newest = { items: mark.items, at: now };
    const { batchesSink, owner, log } = this.#tools;
    // One after the other, and nobody waits for them: they are reports, and what lies after the newest is found in the ledger.
    this.#writing = this.#writing
      .then(() => this.#persist(ADD_CHECKPOINT, [row.id, this.#epoch(), mark.items, mark.bytes, mark.sha, mark.written, mark.rejected, batchesSink, owner]))
      .then((rows) => {
        if (rows.length > 0) this.#noted = Math.max(this.#noted, mark.items);
      })
      .catch((error: unknown) => log.warn({ err: error, batchId: row.id }, 'a checkpoint could not be written; an upload that breaks off goes on from the one before'));
  }
}
