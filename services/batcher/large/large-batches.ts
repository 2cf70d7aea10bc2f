import { randomUUID } from 'node:crypto';
import type { Lane, OpenUpload, UploadEnd, UploadOpened, UploadSegment } from '../../../shared/contracts/large.ts';
import type { BatchCommand, BatchState } from '../../../shared/batches/states.ts';
import { STEERED } from '../../../shared/db/queries/large-batches.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { otherBody } from '../batch-key.ts';
import type { TakeTarget, TakeTools } from '../take-batch.ts';
import { endLarge } from './end-large.ts';
import { readLarge } from './large-row.ts';
import { openUpload } from './open-upload.ts';
import { steer } from './steer.ts';
import type { Upload } from './upload.ts';
import { UploadEnded } from './upload-start.ts';

/** What may be kept shut for uploads. */
export interface UploadDoors {
  /**
   * Lets an upload in, or throws a ProblemError.
   * @param uploads that are in hand already
   */
  enter(lane: Lane, uploads: number): void;
}

/** The large batches that this edge has in hand. */
export class LargeBatches {
  readonly #tools: TakeTools;
  readonly #targets: ReadonlyMap<string, TakeTarget>;
  readonly #limits: { readonly most: number };
  readonly #doors: UploadDoors;
  #stopping = false;
  /** By the id of their connection. */
  readonly #uploads = new Map<string, Upload>();

  /** @param limits most uploads at the same time, read anew for each */
  constructor(tools: TakeTools, targets: ReadonlyMap<string, TakeTarget>, limits: { readonly most: number }, doors: UploadDoors) {
    this.#tools = tools;
    this.#targets = targets;
    this.#limits = limits;
    this.#doors = doors;
  }

  get uploads(): number {
    return this.#uploads.size;
  }

  /** @throws ProblemError, also 503 when this edge has all the uploads it takes, or the pools are exhausted */
  async open(params: OpenUpload): Promise<UploadOpened> {
    if (this.#stopping) throw nodeStops();
    this.#doors.enter(params.options.priority, this.#uploads.size);
    if (this.#uploads.size >= this.#limits.most) {
      throw new ProblemError({ status: 503, code: 'too-many-uploads', title: 'Too many uploads', detail: `This edge has ${this.#limits.most} large uploads in hand (setting maxUploads). Nothing was taken; send again later.`, headers: { 'Retry-After': '10' } });
    }
    const target = this.#targets.get(params.kind);
    if (target === undefined) throw new Error(`this node knows no record kind "${params.kind}"`);
    const { upload, opened } = await openUpload(this.#tools, target, params);
    const uploadId = randomUUID();
    this.#uploads.set(uploadId, upload);
    if (!opened.replayed) this.#tools.inWork.add(upload.id);
    return { ...opened, uploadId };
  }

  /** @throws ProblemError that says why the batch takes nothing more */
  async append(uploadId: string, segment: UploadSegment): Promise<void> {
    const upload = this.#of(uploadId);
    try {
      await upload.append(segment);
    } catch (error) {
      throw await this.#ended(uploadId, upload, error);
    }
  }

  /** The upload is complete. @throws ProblemError as append */
  async finish(uploadId: string, items: number, bytes: number): Promise<UploadEnd> {
    const upload = this.#of(uploadId);
    try {
      const { mark, state } = await upload.finish(items, bytes);
      this.#leave(uploadId, upload);
      return { state: state ?? (await this.#disagree(upload)), accepted: mark.items, rejected: mark.rejected };
    } catch (error) {
      throw await this.#ended(uploadId, upload, error);
    }
  }

  /** The sender has gone: what it sent stands, and the upload may go on. */
  async breakOff(uploadId: string, why?: 'stopping'): Promise<{ items: number; bytes: number } | undefined> {
    const upload = this.#uploads.get(uploadId);
    if (upload === undefined) return undefined;
    await upload.breakOff(why);
    this.#leave(uploadId, upload);
    return { items: upload.mark.items, bytes: upload.mark.bytes };
  }

  steer(batchId: string, client: string, command: BatchCommand): Promise<BatchState> {
    return steer(this.#tools, batchId, client, command);
  }

  /** Looks what was changed about the batches in hand: the promise behind the nudge. */
  async lookAround(): Promise<void> {
    const uploads = [...this.#uploads.values()];
    if (uploads.length === 0) return;
    const ids = [...new Set(uploads.map(({ id }) => id))];
    for (const [id, state, lane, parallelism] of await runStatement(this.#tools.pool, STEERED, [ids], this.#tools.statementTimeoutMs)) {
      for (const upload of uploads) if (upload.id === id) upload.steered(state as BatchState, Number(parallelism), lane as Lane);
    }
  }

  /** Breaks off all uploads: this node stops. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#uploads.keys()].map((uploadId) => this.breakOff(uploadId, 'stopping')));
  }

  /** Breaks off the uploads that are paused. */
  async endPaused(): Promise<void> {
    await Promise.all([...this.#uploads].filter(([, { paused }]) => paused).map(([uploadId]) => this.breakOff(uploadId, 'stopping')));
  }

  #of(uploadId: string): Upload {
    const upload = this.#uploads.get(uploadId);
    if (upload === undefined && this.#stopping) throw nodeStops();
    if (upload === undefined) throw new ProblemError({ status: 409, code: 'upload-over', title: 'The upload is over', detail: 'This edge does not have the upload in hand any more. Go on from the offset that GET tells.' });
    return upload;
  }

  #leave(uploadId: string, { id }: Upload): void {
    this.#uploads.delete(uploadId);
    if (![...this.#uploads.values()].some((other) => other.id === id)) this.#tools.inWork.delete(id);
  }

  /** Upload and ledger differ: the batch fails, unless it has come to another end meanwhile. Answers its state. */
  async #disagree({ id }: Upload): Promise<string> {
    await endLarge(this.#tools, id, 'FAILED', 'counts-disagree', 'Upload, ledger and checkpoints do not agree on the number of items; see GET /api/v1/verify.');
    return (await readLarge(this.#tools.pool, id, this.#tools.leaseMs, this.#tools.statementTimeoutMs))?.state ?? 'FAILED';
  }

  /** Lets go of an upload that cannot go on, ends its batch where that is due, and says why. */
  async #ended(uploadId: string, upload: Upload, error: unknown): Promise<unknown> {
    if (!(error instanceof UploadEnded)) return error;
    const batchId = upload.id;
    this.#leave(uploadId, upload);
    if (error.why === 'FAILED') {
      await upload.breakOff();
      await endLarge(this.#tools, batchId, 'FAILED', 'error-policy', 'More items were refused than the batch\'s error policy allows.');
    }
    if (error.why === 'stopping') return nodeStops(batchId);
    if (error.why === 'other-body') return otherBody();
    const detail = error.why === 'taken' ? 'Another connection has taken the upload over.' : `The batch is ${error.why}. What was accepted stands.`;
    return new ProblemError({ status: 409, code: 'upload-over', title: 'The upload is over', detail, headers: { Location: `/api/v1/batches/${batchId}` }, extra: { state: error.why } });
  }
}

/** 503: any other edge goes on with it, and so does this one when it is back. */
function nodeStops(batchId?: string): ProblemError {
  return new ProblemError({ status: 503, code: 'node-stopping', title: 'The node stops', detail: 'This node stops. What was accepted stands; go on from the offset that HEAD of the batch tells.', headers: { 'Retry-After': '1', ...(batchId === undefined ? {} : { Location: `/api/v1/batches/${batchId}` }) } });
}
