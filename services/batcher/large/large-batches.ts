import type { Lane, OpenUpload, UploadEnd, UploadOpened, UploadSegment } from '../../../shared/contracts/large.ts';
import type { BatchCommand, BatchState } from '../../../shared/batches/states.ts';
import { STEERED } from '../../../shared/db/queries/large-batches.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { otherBody } from '../batch-key.ts';
import type { TakeTarget, TakeTools } from '../take-batch.ts';
import { endLarge } from './end-large.ts';
import { openUpload } from './open-upload.ts';
import { steer } from './steer.ts';
import { UploadEnded, type Upload } from './upload.ts';

/** The large batches that this edge has in hand. */
export class LargeBatches {
  readonly #tools: TakeTools;
  readonly #targets: ReadonlyMap<string, TakeTarget>;
  readonly #most: number;
  readonly #uploads = new Map<string, Upload>();

  /** @param most uploads at the same time */
  constructor(tools: TakeTools, targets: ReadonlyMap<string, TakeTarget>, most: number) {
    this.#tools = tools;
    this.#targets = targets;
    this.#most = most;
  }

  get uploads(): number {
    return this.#uploads.size;
  }

  /** @throws ProblemError, also 503 when this edge has all the uploads it takes */
  async open(params: OpenUpload): Promise<UploadOpened> {
    if (this.#uploads.size >= this.#most) {
      throw new ProblemError({ status: 503, code: 'too-many-uploads', title: 'Too many uploads', detail: `This edge has ${this.#most} large uploads in hand (setting maxUploads). Nothing was taken; send again later.`, headers: { 'Retry-After': '10' } });
    }
    const target = this.#targets.get(params.kind);
    if (target === undefined) throw new Error(`this node knows no record kind "${params.kind}"`);
    const { upload, opened } = await openUpload(this.#tools, target, params);
    this.#uploads.set(upload.id, upload);
    if (!opened.replayed) this.#tools.inWork.add(upload.id);
    return opened;
  }

  /** @throws ProblemError that says why the batch takes nothing more */
  async append(batchId: string, segment: UploadSegment): Promise<void> {
    try {
      await this.#of(batchId).append(segment);
    } catch (error) {
      throw await this.#ended(batchId, error);
    }
  }

  /** The upload is complete. @throws ProblemError as append */
  async finish(batchId: string, items: number, bytes: number): Promise<UploadEnd> {
    const upload = this.#of(batchId);
    try {
      const { mark, state } = await upload.finish(items, bytes);
      this.#leave(batchId);
      if (state === undefined) await endLarge(this.#tools, batchId, 'FAILED', 'counts-disagree', 'Upload, ledger and checkpoints do not agree on the number of items; see GET /api/v1/verify.');
      return { state: state ?? 'FAILED', accepted: mark.items, rejected: mark.rejected };
    } catch (error) {
      throw await this.#ended(batchId, error);
    }
  }

  /** The sender has gone: what it sent stands, and the upload may go on. */
  async breakOff(batchId: string): Promise<{ items: number; bytes: number } | undefined> {
    const upload = this.#uploads.get(batchId);
    if (upload === undefined) return undefined;
    await upload.breakOff();
    this.#leave(batchId);
    return { items: upload.mark.items, bytes: upload.mark.bytes };
  }

  steer(batchId: string, client: string, command: BatchCommand): Promise<BatchState> {
    return steer(this.#tools, batchId, client, command);
  }

  /** Looks what was changed about the batches in hand: the promise behind the nudge. */
  async lookAround(): Promise<void> {
    const ids = [...this.#uploads.keys()];
    if (ids.length === 0) return;
    for (const [id, state, lane, parallelism] of await runStatement(this.#tools.pool, STEERED, [ids], this.#tools.statementTimeoutMs)) {
      this.#uploads.get(id as string)?.steered(state as BatchState, Number(parallelism), lane as Lane);
    }
  }

  /** Breaks off all uploads: this node stops. */
  async stop(): Promise<void> {
    await Promise.all([...this.#uploads.keys()].map((id) => this.breakOff(id)));
  }

  #of(batchId: string): Upload {
    const upload = this.#uploads.get(batchId);
    if (upload === undefined) throw new ProblemError({ status: 409, code: 'upload-over', title: 'The upload is over', detail: 'This edge does not have the upload in hand any more. Go on from the offset that GET tells.' });
    return upload;
  }

  #leave(batchId: string): void {
    this.#uploads.delete(batchId);
    this.#tools.inWork.delete(batchId);
  }

  /** Lets go of an upload that cannot go on, ends its batch where that is due, and says why. */
  async #ended(batchId: string, error: unknown): Promise<unknown> {
    if (!(error instanceof UploadEnded)) return error;
    const upload = this.#uploads.get(batchId);
    this.#leave(batchId);
    if (error.why === 'FAILED') {
      await upload?.breakOff();
      await endLarge(this.#tools, batchId, 'FAILED', 'error-policy', 'More items were refused than the batch\'s error policy allows.');
    }
    if (error.why === 'other-body') return otherBody();
    const detail = error.why === 'taken' ? 'Another connection has taken the upload over.' : `The batch is ${error.why}. What was accepted stands.`;
    return new ProblemError({ status: 409, code: 'upload-over', title: 'The upload is over', detail, headers: { Location: `/api/v1/batches/${batchId}` }, extra: { state: error.why } });
  }
}
