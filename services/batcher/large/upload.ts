import { setTimeout as sleep } from 'node:timers/promises';
import type { Lane, UploadSegment } from '../../../shared/contracts/large.ts';
import { ADD_CARRIED } from '../../../shared/db/queries/batch-steering.ts';
import { COMPLETE_LARGE, KEEP_CSV_HEADER, LEAVE_LARGE, SLICES_BETWEEN } from '../../../shared/db/queries/large-batches.ts';
import { STAGED_BETWEEN, STAGED_WHOLE } from '../../../shared/db/queries/staged-chunks.ts';
import { TAKE_OVER } from '../../../shared/db/queries/batches.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import type { TakeTarget, TakeTools } from '../take-batch.ts';
import { validateItems, type ValidatedItems } from '../validate-items.ts';
import { Checkpoints } from './checkpoints.ts';
import { tooManyRejected } from './error-policy.ts';
import { readLarge, type LargeRow } from './large-row.ts';
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS, persistLarge, type PersistLarge } from './persist-large.ts';
import { Prefix, type Mark } from './prefix.ts';
import { RejectTexts } from './reject-texts.ts';
import { stageMissing } from './stage-missing.ts';
import { UploadEnded, type UploadStart } from './upload-start.ts';
import { gapsBetween, writeMissing, type Gap } from './write-missing.ts';

/** One try of a segment: then what became of it is looked up, and the rest is tried again. */
const TRY_MS = 15_000;
/** States of a staged batch after its upload; whoever carries it out may have raised the epoch. */
const GOES_ON: ReadonlySet<LargeRow['state']> = new Set(['READY', 'RUNNING', 'COMPLETED']);

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
  readonly #persist: PersistLarge;
  readonly #checkpoints: Checkpoints;
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
    this.#persist = persistLarge(tools, start.row.id, start.row.leftMs);
    this.#checkpoints = new Checkpoints(tools, start, this.#persist, () => this.#epoch);
  }

  get id(): string {
    return this.#start.row.id;
  }
  /** Up to where everything is done. */
  get mark(): Mark {
    return this.#prefix.mark;
  }

  /** Goes on only after a person's command. */
  get paused(): boolean {
    return this.#paused;
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
    await this.#checkpoints.end(this.mark);
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
  async breakOff(why: 'taken' | 'stopping' = 'taken'): Promise<void> {
    this.#failure ??= new UploadEnded(why);
    this.#wakeAll();
    await Promise.all(this.#inFlight);
    if (this.#start.compareOnly) return;
    await this.#checkpoints.leave(this.mark);
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
      // Broken off: whoever goes on with it fences this try, and looks what became of it.
      if (this.#failure !== undefined) throw this.#failure;
      await this.#fenceAgain(epoch);
      counts.written = counts.rejected = 0;
      missing = await this.#missing(first, end, counts);
      if (missing.length === 0) break;
      await sleep(pause);
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    }
    if (items === undefined) this.#texts.kept(counts.rejected);
    const passed = this.#prefix.done({ first, end, endBytes: segment.endBytes, digest: segment.digest, ...counts });
    for (const mark of passed) this.#checkpoints.reached(mark);
    this.#heedErrorPolicy();
  }

  /** Writes the missing ranges of a segment, or stages them; true when all of them are kept. */
  async #write(base: number, items: ValidatedItems, missing: readonly Gap[], epoch: number, counts: { written: number; rejected: number }): Promise<boolean> {
    const { row, requestId, trace } = this.#start;
    if (row.staged) {
      const staged = await stageMissing(this.#tools, this.#target, { batchId: row.id, epoch, base, items, missing, trace });
      counts.written += staged?.written ?? 0;
      counts.rejected += staged?.rejected ?? 0;
      return staged !== undefined;
    }
    const { result, written, rejected } = await writeMissing(this.#tools, this.#target, { batch: { ...row, lane: this.#lane }, epoch, base, items, missing, withinMs: Math.min(TRY_MS, row.leftMs), requestId, trace });
    if (result !== 'complete') {
      this.#tools.log.warn({ batchId: row.id, result, firstIndex: base, items: items.total }, 'a segment was not written; what the ledger lacks is written again');
      return false;
    }
    counts.written += written;
    counts.rejected += rejected;
    return true;
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

  #heedErrorPolicy(): void {
    if (tooManyRejected(this.#start.row.errorPolicy, this.mark.written, this.mark.rejected)) this.#failure ??= new UploadEnded('FAILED');
  }
}
