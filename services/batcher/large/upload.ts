import { setTimeout as sleep } from 'node:timers/promises';
import type { Lane, UploadSegment } from '../../../shared/contracts/large.ts';
import { ADD_CARRIED } from '../../../shared/db/queries/batch-steering.ts';
import { ADD_CHECKPOINT, COMPLETE_LARGE, KEEP_CSV_HEADER, LEAVE_LARGE, SLICES_BETWEEN } from '../../../shared/db/queries/large-batches.ts';
import { STAGE_CHUNK, STAGED_BETWEEN, STAGED_WHOLE } from '../../../shared/db/queries/staged-chunks.ts';
import { TAKE_OVER } from '../../../shared/db/queries/batches.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import type { TakeTarget, TakeTools } from '../take-batch.ts';
import { validateItems, type ValidatedItems } from '../validate-items.ts';
import { tooManyRejected } from './error-policy.ts';
import { readLarge, type LargeRow } from './large-row.ts';
import { Prefix, type Mark } from './prefix.ts';
import { RejectTexts } from './reject-texts.ts';
import { stageChunk, type StagedChunk } from './stage-chunk.ts';
import { gapsBetween, writeMissing, type Gap } from './write-missing.ts';

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
  /** The items that the newest checkpoint stands for: only beyond them new ones are written. */
  checkpoint: { items: number };
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
/** States of a staged batch after its upload; whoever carries it out may have raised the epoch. */
const GOES_ON: ReadonlySet<LargeRow['state']> = new Set(['READY', 'RUNNING', 'COMPLETED']);
/** Items of a staged chunk of a kind with a `process` step: each takes its time, and the nodes share them by chunks. */
const PROCESS_CHUNK_ITEMS = 100;

/**
 * Takes one large upload of an insert kind through: segments come in order and are written side by side, as many as the
 * batch's parallelism allows; a segment is accepted when it is in the ledger, or, of a batch that waits for its start, staged.
 * Whatever fails is fenced, looked up and written again until the batch's deadline: nothing is withdrawn, nothing written twice.
 */
export class Upload {
  readonly #tools: TakeTools;
  readonly #target: TakeTarget;
  readonly #start: UploadStart;
  readonly #prefix: Prefix;
  readonly #texts: RejectTexts;
  readonly #inFlight = new Set<Promise<void>>();
  #epoch: number;
  #fencing: Promise<number> | undefined;
  #parallelism: number;
  #lane: Lane;
  /** Time that segments were under way, added up, since it was noted last; ms. */
  #carriedMs = 0;
  #paused: boolean;
  #wake: (() => void)[] = [];
  #failure: Error | undefined;
  #checkpoint: { items: number; at: number };
  /** Items of the newest checkpoint that is known to be written. */
  #noted: number;
  #checkpointing: Promise<void> = Promise.resolve();

  constructor(tools: TakeTools, target: TakeTarget, start: UploadStart) {
    this.#tools = tools;
    this.#target = target;
    this.#start = start;
    this.#prefix = new Prefix(start.from);
    this.#texts = new RejectTexts(start.from.rejected);
    this.#epoch = start.epoch;
    this.#parallelism = start.row.parallelism;
    this.#lane = start.row.lane;
    this.#paused = start.row.state === 'PAUSED' && !start.compareOnly;
    this.#checkpoint = { ...start.checkpoint, at: tools.now() };
    this.#noted = start.checkpoint.items;
  }

  get id(): string {
    return this.#start.row.id;
  }
  /** Up to where everything is done. */
  get mark(): Mark {
    return this.#prefix.mark;
  }

  /** What was changed while it runs: another parallelism or lane, a pause, its end. */
  steered(state: LargeRow['state'], parallelism: number, lane: Lane): void {
    this.#parallelism = parallelism;
    this.#lane = lane;
    this.#paused = state === 'PAUSED' && !this.#start.compareOnly;
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
    const begunAt = this.#tools.now();
    const work = this.#carry(segment).catch((error: unknown) => {
      this.#failure ??= error as Error;
    }).finally(() => {
      this.#inFlight.delete(work);
      this.#carriedMs += this.#tools.now() - begunAt;
      this.#wakeAll();
    });
    this.#inFlight.add(work);
  }

  /**
   * The upload is complete: waits for what is under way, and closes the batch (one that is staged is ready then) if what is
   * kept and the upload agree on every item.
   * @returns the last mark and the batch's state; undefined where the counts differ
   */
  async finish(totalItems: number, totalBytes: number): Promise<{ mark: Mark; state: LargeRow['state'] | undefined }> {
    await Promise.all(this.#inFlight);
    if (this.#failure !== undefined) throw this.#failure;
    await this.#reached(this.mark, true);
    await this.#checkpointing;
    // At its end a batch is held against its checkpoints: one that was fenced off, or lost, is written after all.
    if (!this.#start.compareOnly && this.#noted < this.mark.items) {
      this.#checkpoint = { ...this.#checkpoint, items: this.#noted };
      await this.#reached(this.mark, true);
      await this.#checkpointing;
    }
    if (!this.#start.compareOnly) await this.#noteCarried();
    const { compareOnly, row } = this.#start;
    if (compareOnly) {
      if (row.total !== totalItems) throw new UploadEnded('other-body');
      return { mark: this.mark, state: row.state };
    }
    if (this.mark.items !== totalItems) return { mark: this.mark, state: undefined };
    const ends = row.staged ? ({ statement: STAGED_WHOLE, state: undefined, tells: [] } as const) : ({ statement: COMPLETE_LARGE, state: 'COMPLETED', tells: [this.#tools.batchesSink, this.#tools.owner] } as const);
    for (let doubted: number | undefined; ; ) {
      await this.#whilePaused();
      const [ended] = await this.#persist(ends.statement, [this.id, this.#epoch, totalItems, totalBytes, ...ends.tells]);
      if (ended !== undefined) return { mark: this.mark, state: ends.state ?? (ended[0] as LargeRow['state']) };
      // Paused at this very moment, or done by a try whose answer was lost, or ended by somebody: else the counts differ, if they do so twice with nothing changed between (a pause may have come and gone).
      const now = await readLarge(this.#tools.pool, this.id, this.#tools.leaseMs, this.#tools.statementTimeoutMs);
      if (now?.state === 'PAUSED' && now.beforePause === 'RECEIVING') this.#paused = true;
      else if (now !== undefined && now.total === totalItems && (now.epoch === this.#epoch || (row.staged && GOES_ON.has(now.state)))) return { mark: this.mark, state: now.state };
      else if (now !== undefined && now.state !== 'RECEIVING') throw new UploadEnded(now.state);
      else if (now !== undefined && now.epoch !== this.#epoch) throw new UploadEnded('taken'); // its counts are those of another upload, which goes on
      else if (now !== undefined && now.version !== doubted) doubted = now.version;
      else return { mark: this.mark, state: undefined };
    }
  }

  /** @throws UploadEnded when the batch was ended meanwhile */
  async #whilePaused(): Promise<void> {
    while (this.#failure === undefined && this.#paused) await new Promise<void>((resolve) => this.#wake.push(resolve));
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The sender is gone, or this node stops: what is under way is finished and marked, and the lease given back. */
  async breakOff(): Promise<void> {
    this.#failure ??= new UploadEnded('taken');
    this.#wakeAll();
    await Promise.all(this.#inFlight);
    if (this.#start.compareOnly) return;
    await this.#reached(this.mark, true);
    await this.#checkpointing;
    await this.#noteCarried();
    await runStatement(this.#tools.pool, LEAVE_LARGE, [this.id, this.#tools.owner, this.#epoch], this.#tools.statementTimeoutMs).catch((error: unknown) => this.#tools.log.warn({ err: error, batchId: this.id }, 'the lease of an upload could not be given back; it runs out'));
  }

  /** How much was under way at the same time is a figure for people: without it nothing is lost. */
  async #noteCarried(): Promise<void> {
    const carried = Math.round(this.#carriedMs);
    this.#carriedMs = 0;
    await runStatement(this.#tools.pool, ADD_CARRIED, [this.id, carried], this.#tools.statementTimeoutMs).catch((error: unknown) => this.#tools.log.debug({ err: error, batchId: this.id }, 'the time of a batch\'s segments could not be noted'));
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
    let missing: Gap[] = [[first, end]];
    const mayBeKnown = this.#start.compareOnly || this.#start.epoch > 0;
    if (mayBeKnown) missing = await this.#missing(first, end, counts);
    let pause = FIRST_PAUSE_MS;
    let items: ValidatedItems | undefined;
    while (missing.length > 0) {
      if (this.#start.compareOnly) throw new UploadEnded('other-body');
      const epoch = this.#epoch;
      items ??= this.#texts.bound(validateItems(segment.items, this.#target.check, this.#target.carried));
      if (await this.#write(first, items, missing, epoch, counts)) break;
      await this.#fenceAgain(epoch);
      counts.written = counts.rejected = 0;
      missing = await this.#missing(first, end, counts);
      if (missing.length === 0) break;
      await sleep(pause);
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    }
    if (items === undefined) this.#texts.kept(counts.rejected);
    const passed = this.#prefix.done({ first, end, endBytes: segment.endBytes, digest: segment.digest, ...counts });
    for (const mark of passed) await this.#reached(mark, false);
    this.#heedErrorPolicy();
  }

  /** Writes the missing ranges of a segment, or stages them; true when all of them are kept. */
  async #write(base: number, items: ValidatedItems, missing: readonly Gap[], epoch: number, counts: { written: number; rejected: number }): Promise<boolean> {
    const { row } = this.#start;
    if (row.staged) return this.#stage(missing.flatMap((gap) => this.#pieces(gap)).map(([from, to]) => stageChunk(items, base, from, to)), epoch, counts);
    const { requestId, trace } = this.#start;
    const { result, written, rejected } = await writeMissing(this.#tools, this.#target, { batch: { ...row, lane: this.#lane }, epoch, base, items, missing, withinMs: Math.min(TRY_MS, row.leftMs), requestId, trace });
    if (result !== 'complete') {
      this.#tools.log.warn({ batchId: row.id, result, firstIndex: base, items: items.total }, 'a segment was not written; what the ledger lacks is written again');
      return false;
    }
    counts.written += written;
    counts.rejected += rejected;
    return true;
  }

  #pieces([from, to]: Gap): Gap[] {
    const most = this.#target.record.process === undefined ? to - from : PROCESS_CHUNK_ITEMS;
    return Array.from({ length: Math.ceil((to - from) / most) }, (_, i): Gap => [from + i * most, Math.min(to, from + (i + 1) * most)]);
  }

  /** Keeps chunks to be carried out later; false where one was there already, or PostgreSQL did not answer: then it is looked up. */
  async #stage(chunks: readonly StagedChunk[], epoch: number, counts: { written: number; rejected: number }): Promise<boolean> {
    const { pool, log, statementTimeoutMs } = this.#tools;
    try {
      for (const { first, span, rejected, body } of chunks) {
        const kept = await runStatement(pool, STAGE_CHUNK, [this.id, epoch, first, span, rejected, body, this.#start.trace], statementTimeoutMs);
        if (kept.length === 0) return false;
        counts.rejected += rejected;
        counts.written += span - rejected;
      }
      return true;
    } catch (error) {
      log.warn({ err: error, batchId: this.id }, 'a chunk was not staged; what is not there is staged again');
      return false;
    }
  }

  /** The ranges [from, to) of a segment that are neither in the ledger nor staged; what is there is added to `counts`. */
  async #missing(first: number, end: number, counts: { written: number; rejected: number }): Promise<Gap[]> {
    const parts = await this.#persist(this.#start.row.staged ? STAGED_BETWEEN : SLICES_BETWEEN, [this.id, first, end]);
    const { missing, written, rejected } = gapsBetween(first, end, parts.map((part) => part.map(Number) as [number, number, number]));
    counts.written += written;
    counts.rejected += rejected;
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
    this.#checkpoint = { items: mark.items, at: now };
    // One after the other, and nobody waits for them: they are reports, and what lies after the newest is found in the ledger.
    this.#checkpointing = this.#checkpointing
      .then(() => this.#persist(ADD_CHECKPOINT, [this.id, this.#epoch, mark.items, mark.bytes, mark.sha, mark.written, mark.rejected, this.#tools.batchesSink, this.#tools.owner]))
      .then((rows) => {
        if (rows.length > 0) this.#noted = Math.max(this.#noted, mark.items);
      })
      .catch((error: unknown) => this.#tools.log.warn({ err: error, batchId: this.id }, 'a checkpoint could not be written; an upload that breaks off goes on from the one before'));
  }

  #heedErrorPolicy(): void {
    if (tooManyRejected(this.#start.row.errorPolicy, this.mark.written, this.mark.rejected)) this.#failure ??= new UploadEnded('FAILED');
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
