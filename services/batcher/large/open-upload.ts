import type { OpenUpload, UploadOpened } from '../../../shared/contracts/large.ts';
import { KEEP_UPLOAD_BYTES } from '../../../shared/db/queries/batch-steering.ts';
import { TAKE_OVER } from '../../../shared/db/queries/batches.ts';
import { CHECKPOINT_MARKS, LAST_CHECKPOINT, LARGE_IN_FLIGHT, LARGE_OF_KEY, OPEN_LARGE } from '../../../shared/db/queries/large-batches.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { otherBody } from '../batch-key.ts';
import type { TakeTarget, TakeTools } from '../take-batch.ts';
import { readLarge, type LargeRow } from './large-row.ts';
import { START, type Mark } from './prefix.ts';
import { Upload } from './upload.ts';

/** States of a batch whose upload was complete before it was carried out. */
const STAGED_WHOLLY: ReadonlySet<string> = new Set(['READY', 'RUNNING', 'PAUSED']);

/**
 * Opens a large batch, or goes on with one whose upload broke off, or compares one that comes again whole.
 * @throws ProblemError 422 for a key used otherwise, 404 for an unknown batch, 409 with the right offset, or while another
 * connection still uploads it, or when it has ended
 */
export async function openUpload(tools: TakeTools, target: TakeTarget, params: OpenUpload): Promise<{ upload: Upload; opened: Omit<UploadOpened, 'uploadId'> }> {
  const found = await knownBatch(tools, params);
  // Nothing is opened for what can't be taken: nobody would ever go on with it.
  if (found === undefined && params.offset !== undefined && params.offset > 0) throw wrongOffset(START, params.offset);
  const known = found ?? (await openNew(tools, target, params));
  const id = known ?? params.batchId;
  const row = await readLarge(tools.pool, id, tools.leaseMs, tools.statementTimeoutMs);
  if (row === undefined || row.client !== params.client) throw noSuchBatch();
  if (row.kind !== params.kind) throw otherBody();
  // What the bytes mean so far was told when it began: read otherwise, none of the rest would be an item.
  if (row.format !== null && row.format !== params.format) throw params.resume === undefined ? otherBody() : otherFormat(row.format);
  const compareOnly = row.state === 'COMPLETED' || (row.total !== null && STAGED_WHOLLY.has(row.state));
  // First: while another connection uploads it, no offset is the right one for long.
  if (known !== undefined && !compareOnly) mayGoOn(tools, row);
  const last = known === undefined ? undefined : await lastCheckpoint(tools, id);
  const from = params.offset === undefined ? START : placeOf(row, last, params.offset);
  let epoch = row.epoch;
  if (known !== undefined && !compareOnly) epoch = await takeUp(tools, row);
  if (params.uploadBytes !== undefined && !compareOnly) await runStatement(tools.pool, KEEP_UPLOAD_BYTES, [id, params.uploadBytes], tools.statementTimeoutMs);
  const marks = known === undefined ? [] : await runStatement(tools.pool, CHECKPOINT_MARKS, [id], tools.statementTimeoutMs);
  const upload = new Upload(tools, target, {
    row, epoch, from, compareOnly,
    checkpoint: { items: last?.mark.items ?? 0 },
    marks: new Map(marks.map(([items, sha]) => [Number(items), sha as string])),
    requestId: params.requestId, trace: params.trace,
  });
  return { upload, opened: { batchId: id, nodeId: tools.owner, from: { items: from.items, bytes: from.bytes }, csvHeader: from.bytes > 0 ? row.csvHeader : null, replayed: compareOnly } };
}

async function knownBatch(tools: TakeTools, { resume, key, client }: OpenUpload): Promise<string | undefined> {
  if (resume !== undefined) return resume;
  if (key === undefined) return undefined;
  const [found] = await runStatement(tools.pool, LARGE_OF_KEY, [client, key.key, key.sha], tools.statementTimeoutMs);
  if (found === undefined) return undefined;
  if (found[0] !== true) throw otherBody();
  return found[1] as string;
}

/** Opens a new batch; answers the one that the key names where the same upload claimed it at this very moment on another connection. */
async function openNew(tools: TakeTools, { record }: TakeTarget, p: OpenUpload): Promise<string | undefined> {
  await mayOpenAnother(tools, p.client);
  const o = p.options;
  const manual = o.start === 'manual';
  const values = [
    p.batchId, p.kind, p.client, new Date().toISOString(), tools.owner, tools.leaseMs, manual || record.process !== undefined, o.priority, o.parallelism, o.checkpointInterval,
    o.enableCheckpointing, o.errorPolicy, o.maxRetryAttempts, o.tags, p.format, p.parent ?? null, p.key?.key ?? null, p.key?.sha ?? null, p.clientReference ?? null, o.deadlineMs, !manual,
  ];
  if ((await runStatement(tools.pool, OPEN_LARGE, values, tools.statementTimeoutMs)).length > 0) return undefined;
  const claimed = await knownBatch(tools, p);
  return claimed === p.batchId ? undefined : claimed;
}

/** @throws ProblemError 503 where the client has as many in flight as it may */
async function mayOpenAnother({ pool, statementTimeoutMs, maxBatchesOfClient }: TakeTools, client: string): Promise<void> {
  const [row] = await runStatement(pool, LARGE_IN_FLIGHT, [client], statementTimeoutMs);
  const most = maxBatchesOfClient();
  if (Number(row?.[0]) < most) return;
  throw new ProblemError({ status: 503, code: 'too-many-batches', title: 'Too many batches', detail: `You have ${most} large batches in flight (setting maxConcurrentBatches). Nothing was taken; send it again when one of them has ended.`, headers: { 'Retry-After': '10' } });
}

/** @throws ProblemError 409 where nothing can be added now, or any more */
function mayGoOn(tools: TakeTools, row: LargeRow): void {
  if (row.state !== 'RECEIVING' && !(row.state === 'PAUSED' && row.beforePause === 'RECEIVING')) {
    throw new ProblemError({ status: 409, code: 'upload-over', title: 'The upload is over', detail: `The batch is ${row.state}; nothing can be added to it.`, extra: { state: row.state } });
  }
  if (!row.due) throw inProgress(tools);
}

/** Epoch + 1, so that nothing of the upload before can be written any more. @throws ProblemError 409 where another connection was quicker */
async function takeUp(tools: TakeTools, row: LargeRow): Promise<number> {
  const [raised] = await runStatement(tools.pool, TAKE_OVER, [row.id, row.epoch, tools.owner, tools.leaseMs], tools.statementTimeoutMs);
  if (raised === undefined) throw inProgress(tools);
  return Number(raised[0]);
}

async function lastCheckpoint(tools: TakeTools, id: string): Promise<{ mark: Mark } | undefined> {
  const [c] = await runStatement(tools.pool, LAST_CHECKPOINT, [id], tools.statementTimeoutMs);
  if (c === undefined) return undefined;
  return { mark: { items: Number(c[0]), bytes: Number(c[1]), sha: c[2] as string, written: Number(c[3]), rejected: Number(c[4]) } };
}

function placeOf(row: LargeRow, last: { mark: Mark } | undefined, offset: number): Mark {
  const right = last?.mark ?? START;
  if (offset === 0) return START;
  if (offset === right.bytes) return right;
  throw wrongOffset(right, offset, row.id);
}

function wrongOffset(right: Mark, offset: number, id?: string): ProblemError {
  return new ProblemError({
    status: 409, code: 'wrong-offset', title: 'Wrong offset',
    detail: `The upload goes on at byte ${right.bytes} (item ${right.items}), not at byte ${offset}.`,
    headers: { 'Upload-Offset': String(right.bytes), ...(id === undefined ? {} : { Location: `/api/v1/batches/${id}` }) },
    extra: { offset: { bytes: right.bytes, items: right.items } },
  });
}

function inProgress({ leaseMs }: TakeTools): ProblemError {
  return new ProblemError({ status: 409, code: 'upload-in-progress', title: 'Upload in progress', detail: 'Another connection uploads this batch. Once it has ended, or its edge has been silent for the time of its lease, go on from the offset that GET tells.', headers: { 'Retry-After': String(Math.ceil(leaseMs / 1_000)) } });
}

function otherFormat(format: string): ProblemError {
  return new ProblemError({ status: 409, code: 'wrong-format', title: 'The upload is of another form', detail: `The upload began as ${format}; go on with the same Content-Type.` });
}

function noSuchBatch(): ProblemError {
  return new ProblemError({ status: 404, code: 'not-found', title: 'No such batch', detail: 'There is no large batch with this id.' });
}
