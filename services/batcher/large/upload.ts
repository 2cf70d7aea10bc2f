import { setTimeout as sleep } from 'node:timers/promises';
import type { UploadSegment } from '../../../shared/contracts/large.ts';
import type { Reject } from '../../../shared/contracts/slices.ts';
import { ADD_CHECKPOINT, COMPLETE_LARGE, KEEP_CSV_HEADER, LEAVE_LARGE, SLICES_BETWEEN } from '../../../shared/db/queries/large-batches.ts';
import { TAKE_OVER } from '../../../shared/db/queries/batches.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { cutRanges, type Range } from '../cut-slices.ts';
import { fitRanges, messageSize, SLICE_BYTES } from '../message-size.ts';
import type { TakeTarget, TakeTools } from '../take-batch.ts';
import { validateItems } from '../validate-items.ts';
import { writeRanges } from '../write-ranges.ts';
import { readLarge, type LargeRow } from './large-row.ts';
import { Prefix, type Mark } from './prefix.ts';

/** Why an upload cannot go on. `state` is the batch's; `taken`: another edge goes on with it. */
export class UploadEnded extends Error {
  readonly why: LargeRow['state'] | 'taken' | 'other-body';
  constructor(why: UploadEnded['why']) {
    super(`the upload has ended: ${why}`);
    this.name = 'UploadEnded';
    this.why = why;
  }
}

export interface UploadStart {
  row: LargeRow;
  epoch: number;
  /** Where the upload begins: the start, or a checkpoint. */
  from: Mark;
  /** Number of the newest checkpoint, and the items it stands for: only beyond them new ones are written. */
  checkpoint: { no: number; items: number };
  /** Chained hashes that an earlier upload of the same batch left, by items. */
  marks: ReadonlyMap<number, string>;
  /** The batch has ended well: what comes is only compared. */
  compareOnly: boolean;
  requestId: string;
  trace: string;
}

/** One try of a segment: then what became of it is looked up, and the rest is tried again. */
const TRY_MS = 15_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const CHECKPOINT_MS = 10_000;
/** A share of errors says something only after so many items. */
const ENOUGH_ITEMS = 1_000;

/**
 * Takes one large upload of an insert kind through: segments come in order and are written side by side, as many as the
 * batch's parallelism allows; a segment is accepted when it is in the ledger. Whatever fails is fenced, looked up and
 * written again until the batch's deadline: nothing is withdrawn, nothing written twice.
 */
export class Upload {
  readonly #tools: TakeTools;
  readonly #target: TakeTarget;
  readonly #start: UploadStart;
  readonly #prefix: Prefix;
  readonly #inFlight = new Set<Promise<void>>();
  #epoch: number;
  #fencing: Promise<number> | undefined;
  #parallelism: number;
  #paused: boolean;
  #wake: (() => void)[] = [];
  #failure: Error | undefined;
  #checkpoint: { no: number; items: number; at: number };
  #checkpointing: Promise<void> = Promise.resolve();

  constructor(tools: TakeTools, target: TakeTarget, start: UploadStart) {
    this.#tools = tools;
    this.#target = target;
    this.#start = start;
    this.#prefix = new Prefix(start.from);
    this.#epoch = start.epoch;
    this.#parallelism = start.row.parallelism;
    this.#paused = start.row.state === 'PAUSED';
    this.#checkpoint = { ...start.checkpoint, at: tools.now() };
  }

  get id(): string {
    return this.#start.row.id;
  }
  /** Up to where everything is done. */
  get mark(): Mark {
    return this.#prefix.mark;
  }

  /** What was changed while it runs: another parallelism, a pause, its end. */
  steered(state: LargeRow['state'], parallelism: number): void {
    this.#parallelism = parallelism;
    this.#paused = state === 'PAUSED';
    if (state !== 'PAUSED' && state !== 'RECEIVING' && !this.#start.compareOnly) this.#failure ??= new UploadEnded(state);
    this.#wakeAll();
  }

  /**
   * Takes the next segment; resolves when it is under way, which is later the busier the writers are.
   * @throws UploadEnded when the batch was ended by somebody, by its error policy or its deadline
   */
  async append(segment: UploadSegment): Promise<void> {
    if (segment.csvHeader !== undefined && this.#start.row.csvHeader === null) await this.#persist(KEEP_CSV_HEADER, [this.id, segment.csvHeader]);
    while (this.#failure === undefined && (this.#paused || this.#inFlight.size >= this.#parallelism)) await new Promise<void>((resolve) => this.#wake.push(resolve));
    if (this.#failure !== undefined) throw this.#failure;
    const work = this.#carry(segment).catch((error: unknown) => {
      this.#failure ??= error as Error;
    }).finally(() => {
      this.#inFlight.delete(work);
      this.#wakeAll();
    });
    this.#inFlight.add(work);
  }

  /**
   * The upload is complete: waits for what is under way, and closes the batch if ledger and upload agree on every item.
   * @returns the last mark; `agreed` false where the counts differ
   */
  async finish(totalItems: number, totalBytes: number): Promise<{ mark: Mark; agreed: boolean }> {
    await Promise.all(this.#inFlight);
    if (this.#failure !== undefined) throw this.#failure;
    await this.#reached(this.mark, true);
    await this.#checkpointing;
    if (this.#start.compareOnly) {
      if (this.#start.row.total !== totalItems) throw new UploadEnded('other-body');
      return { mark: this.mark, agreed: true };
    }
    const agreed = this.mark.items === totalItems && (await this.#persist(COMPLETE_LARGE, [this.id, this.#epoch, totalItems, totalBytes])).length > 0;
    return { mark: this.mark, agreed };
  }

  /** The sender is gone, or this node stops: what is under way is finished and marked, and the lease given back. */
  async breakOff(): Promise<void> {
    this.#failure ??= new UploadEnded('taken');
    this.#wakeAll();
    await Promise.all(this.#inFlight);
    if (this.#start.compareOnly) return;
    await this.#reached(this.mark, true);
    await this.#checkpointing;
    await runStatement(this.#tools.pool, LEAVE_LARGE, [this.id, this.#tools.owner], this.#tools.statementTimeoutMs).catch((error: unknown) => this.#tools.log.warn({ err: error, batchId: this.id }, 'the lease of an upload could not be given back; it runs out'));
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const resolve of waiting) resolve();
  }

  /** One segment, until all of it is in the ledger. */
  async #carry(segment: UploadSegment): Promise<void> {
    const { firstIndex: first } = segment;
    const end = first + segment.items.length;
    const counts = { written: 0, rejected: 0 };
    let missing: [number, number][] = [[first, end]];
    const mayBeKnown = this.#start.compareOnly || this.#start.epoch > 0;
    if (mayBeKnown) missing = await this.#missing(first, end, counts);
    let pause = FIRST_PAUSE_MS;
    while (missing.length > 0) {
      if (this.#start.compareOnly) throw new UploadEnded('other-body');
      const epoch = this.#epoch;
      if (await this.#write(segment, missing, epoch, counts)) break;
      await this.#fenceAgain(epoch);
      counts.written = counts.rejected = 0;
      missing = await this.#missing(first, end, counts);
      if (missing.length === 0) break;
      await sleep(pause);
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    }
    const passed = this.#prefix.done({ first, end, endBytes: segment.endBytes, digest: segment.digest, ...counts });
    for (const mark of passed) await this.#reached(mark, false);
    this.#heedErrorPolicy();
  }

  /** Writes the missing ranges of a segment; true when all of them are in the ledger. */
  async #write(segment: UploadSegment, missing: readonly [number, number][], epoch: number, counts: { written: number; rejected: number }): Promise<boolean> {
    const { log, now, segmentRows, chunkMaxBytes } = this.#tools;
    const { row } = this.#start;
    const base = segment.firstIndex;
    const local = validateItems(segment.items, this.#target.check, this.#target.carried);
    const size = messageSize(local, this.#target.record.item);
    const items = { ...local, good: local.good.map((i) => i + base), rejects: local.rejects.map(([i, ...rest]): Reject => [i + base, ...rest]) };
    const cut = (from: number, count: number, most: number): Range[] => cutRanges(items.good, from, count, most);
    const shifted = { total: size.total, of: (from: number, span: number) => size.of(from - base, span) };
    const ranges = fitRanges(missing.flatMap(([from, to]) => cut(from, to - from, segmentRows)), cut, shifted, chunkMaxBytes - SLICE_BYTES);
    const head = { batchId: row.id, kind: row.kind, client: row.client, requested: 0, receivedAt: row.receivedAt };
    const metrics = { validateMs: 0, queueMs: 0, writeMs: 0, totalMs: 0, slices: 0 };
    const writing = { head, epoch, sole: false, items, size: shifted, deadlineAt: now() + Math.min(TRY_MS, Math.max(0, row.leftMs)), metrics, requestId: this.#start.requestId, trace: this.#start.trace, lane: row.lane };
    const learned = { written: 0, rejected: 0 };
    const { result } = await writeRanges(this.#tools, this.#target, writing, ranges, (slice, rejects) => {
      const rejected = new Set(rejects.map(([index]) => index)).size;
      learned.rejected += rejected;
      learned.written += slice.span - rejected;
    });
    if (result !== 'complete') {
      log.warn({ batchId: row.id, result, firstIndex: base, items: segment.items.length }, 'a segment was not written; what the ledger lacks is written again');
      return false;
    }
    counts.written += learned.written;
    counts.rejected += learned.rejected;
    return true;
  }

  /** The ranges [from, to) of a segment that the ledger lacks; what it holds is added to `counts`. */
  async #missing(first: number, end: number, counts: { written: number; rejected: number }): Promise<[number, number][]> {
    const missing: [number, number][] = [];
    let next = first;
    for (const [firstIndex, span, written] of (await this.#persist(SLICES_BETWEEN, [this.id, first, end])).map((row) => row.map(Number) as [number, number, number])) {
      if (firstIndex > next) missing.push([next, firstIndex]);
      next = firstIndex + span;
      counts.written += written;
      counts.rejected += span - written;
    }
    if (next < end) missing.push([next, end]);
    return missing;
  }

  /** Makes sure that nothing of the attempts at `epoch` can be written any more; several segments share one step. */
  async #fenceAgain(epoch: number): Promise<void> {
    if (this.#epoch !== epoch) return;
    this.#fencing ??= this.#raise(epoch).finally(() => {
      this.#fencing = undefined;
    });
    this.#epoch = await this.#fencing;
  }

  async #raise(epoch: number): Promise<number> {
    const { owner, leaseMs, pool, statementTimeoutMs } = this.#tools;
    const [raised] = await this.#persist(TAKE_OVER, [this.id, epoch, owner, leaseMs]);
    if (raised !== undefined) return Number(raised[0]);
    const row = await readLarge(pool, this.id, leaseMs, statementTimeoutMs);
    throw new UploadEnded(row === undefined || row.fence === 'open' ? 'taken' : row.state);
  }

  /** The prefix has come to a mark: compares it with what an earlier upload left, and writes a checkpoint when one is due. */
  async #reached(mark: Mark, last: boolean): Promise<void> {
    const expected = this.#start.marks.get(mark.items);
    if (expected !== undefined && expected !== mark.sha) throw new UploadEnded('other-body');
    const { row } = this.#start;
    const now = this.#tools.now();
    const due = last || (row.checkpointing && (mark.items - this.#checkpoint.items >= row.checkpointInterval || now - this.#checkpoint.at >= CHECKPOINT_MS));
    if (this.#start.compareOnly || !due || mark.items <= this.#checkpoint.items) return;
    const no = this.#checkpoint.no + 1;
    this.#checkpoint = { no, items: mark.items, at: now };
    // One after the other, and nobody waits for them: they are reports, and what lies after the newest is found in the ledger.
    this.#checkpointing = this.#checkpointing
      .then(() => this.#persist(ADD_CHECKPOINT, [this.id, this.#epoch, no, mark.items, mark.bytes, mark.sha, mark.written, mark.rejected]))
      .then(() => undefined, (error: unknown) => this.#tools.log.warn({ err: error, batchId: this.id }, 'a checkpoint could not be written; an upload that breaks off goes on from the one before'));
  }

  #heedErrorPolicy(): void {
    const { errorPolicy } = this.#start.row;
    if (errorPolicy === 'continue') return;
    const { written, rejected } = this.mark;
    const tooMany = errorPolicy === 'stop' ? rejected > 0 : written + rejected >= ENOUGH_ITEMS && (rejected / (written + rejected)) * 100 > Number.parseFloat(errorPolicy);
    if (tooMany) this.#failure ??= new UploadEnded('FAILED');
  }

  /** A statement that is tried until the batch's deadline: PostgreSQL may be away for a while. */
  async #persist(statement: NamedStatement, values: unknown[]): Promise<unknown[][]> {
    const { pool, log, now, statementTimeoutMs } = this.#tools;
    const until = now() + Math.max(0, this.#start.row.leftMs);
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
      try {
        return await runStatement(pool, statement, values, statementTimeoutMs);
      } catch (error) {
        if (now() + pause >= until) throw error;
        log.warn({ err: error, batchId: this.id, statement: statement.name }, 'PostgreSQL did not take a statement of a large batch; tried again');
        await sleep(pause);
      }
    }
  }
}
