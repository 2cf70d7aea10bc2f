import type { LargeOptions, UploadEnd, UploadOpened } from '../../../shared/contracts/large.ts';
import { envOf, type SettingName } from '../../../shared/config/settings.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { RecordKind } from '../../../shared/records/record-kind.ts';
import { maySubmit } from '../../../shared/access/caller.ts';
import type { Answer, Call } from '../http/call.ts';
import { ignoredHeader, unknownParameters, type UnknownQuery } from '../http/parameters.ts';
import { clientReference } from '../write/client-reference.ts';
import { newBatchId, type ServedKind } from '../write/intake.ts';
import { uploadBytesOf } from './upload-length.ts';
import { uploadKeyOf } from './upload-key.ts';
import { OPTION_NAMES, readOptions, type OptionLimits } from './options.ts';
import { readUpload, uploadFormat, type UploadFormat } from './read/read-upload.ts';
import type { UploadCalls } from './upload-calls.ts';

/** What taking an upload needs of the rest of Sluice. */
export interface UploadTools {
  calls: UploadCalls;
  limits: OptionLimits & { maxBatchSize: number; uploadIdle: number; unknownQuery: UnknownQuery };
  /** The setting that batches of a kind cannot be carried out without, and that is empty; undefined where nothing is missing. */
  missingFor: (kind: RecordKind) => SettingName | undefined;
}

/** POST of a large batch: its body is taken in as it comes, as fast as the writers take it. */
export async function postUpload(tools: UploadTools, kind: ServedKind, call: Call): Promise<Answer> {
  const ignored = unknownParameters(call.url, OPTION_NAMES, tools.limits.unknownQuery);
  const options = readOptions(call.url.searchParams, call.req.headers, tools.limits);
  const answer = await takeUpload(tools, kind, call, options, undefined);
  return { ...answer, headers: { ...answer.headers, ...ignoredHeader(ignored) } };
}

/**
 * PATCH of a batch whose upload broke off: the rest of the body, from the offset that HEAD tells.
 * @param kindOf the kind of the batch, or undefined where this client has no such batch
 */
export async function patchUpload(tools: UploadTools, kindOf: (batchId: string, client: string) => Promise<ServedKind | undefined>, call: Call): Promise<Answer> {
  const ignored = unknownParameters(call.url, [], tools.limits.unknownQuery);
  const id = call.params.id ?? '';
  const kind = /^[0-9a-f-]{36}$/i.test(id) ? await kindOf(id.toLowerCase(), call.caller.client) : undefined;
  if (kind === undefined) throw new ProblemError({ status: 404, code: 'not-found', title: 'No such batch', detail: 'There is no large batch with this id.' });
  if (offsetOf(call) === undefined) throw new ProblemError({ status: 400, code: 'missing-offset', title: 'Upload-Offset is missing', detail: 'Say with Upload-Offset how many bytes of the upload came before; HEAD of the batch tells how many were taken.' });
  const answer = await takeUpload(tools, kind, call, readOptions(new URLSearchParams(), {}, tools.limits), id.toLowerCase());
  return { ...answer, headers: { ...answer.headers, ...ignoredHeader(ignored) } };
}

/** @throws ProblemError 503 while a setting is missing that batches of the kind cannot be carried out without */
export function assertConfigured({ missingFor }: Pick<UploadTools, 'missingFor'>, { record }: ServedKind): void {
  const missing = missingFor(record);
  if (missing !== undefined) throw new ProblemError({ status: 503, code: 'not-configured', title: 'Not configured', detail: `A batch of ${record.rest.collection} cannot be carried out while the setting ${envOf(missing)} is empty or off. Nothing was taken.`, headers: { 'Retry-After': '60' } });
}

async function takeUpload(tools: UploadTools, kind: ServedKind, call: Call, options: LargeOptions, resume: string | undefined): Promise<Answer> {
  maySubmit(call.caller, kind.record.name);
  assertConfigured(tools, kind);
  const { calls, limits } = tools;
  const format = uploadFormat(call.req.headers);
  const key = uploadKeyOf(call.req, kind.record.name);
  const offset = offsetOf(call);
  const opened = await calls.open({
    batchId: newBatchId(), kind: kind.record.name, client: call.caller.client, options, format, ...clientReference(call.req),
    ...(key === undefined ? {} : { key }), ...(resume === undefined ? {} : { resume }), ...(offset === undefined ? {} : { offset }),
    ...uploadBytesOf(call.req.headers, offset ?? 0),
    requestId: call.requestId, trace: call.trace,
  });
  try {
    const end = await carry(calls, kind, call, opened, format, limits);
    return accepted(opened, end);
  } catch (error) {
    // What was taken stands, whatever broke; the answer, if anybody still reads it, says where to go on.
    const place = await calls.breakOff(opened);
    throw withPlace(error, opened.batchId, place);
  }
}

async function carry(calls: UploadCalls, kind: ServedKind, call: Call, opened: UploadOpened, format: UploadFormat, { maxBatchSize: most, uploadIdle }: UploadTools['limits']): Promise<UploadEnd> {
  const segments = readUpload(call.req, { format, from: opened.from, csvHeader: opened.csvHeader, kind: kind.record, idleMs: uploadIdle });
  try {
    for (;;) {
      const { value, done } = await segments.next();
      if (done === true) {
        if (value.items === 0) throw new ProblemError({ status: 400, code: 'empty-batch', title: 'Empty batch', detail: 'The upload has no items.' });
        return calls.finish(opened, value.items, value.bytes);
      }
      const items = value.firstIndex + value.items.length;
      if (items > most) throw new ProblemError({ status: 413, code: 'too-many-items', title: 'Too many items', detail: `A large batch has at most ${most} items (setting maxBatchSize); what came before stands. Send the rest as a batch of its own.` });
      await calls.append(opened, value);
    }
  } finally {
    // Whatever refused a segment: a body that is still listened to is never read to its end, and takes its connection with it.
    await segments.return(opened.from);
  }
}

function accepted(opened: UploadOpened, end: UploadEnd): Answer {
  return {
    status: 202,
    headers: { Location: `/api/v1/batches/${opened.batchId}`, 'Sluice-Batch-Id': opened.batchId, ...(opened.replayed ? { 'Idempotency-Replayed': 'true' } : {}) },
    body: JSON.stringify({ batchId: opened.batchId, state: end.state, accepted: end.accepted, rejected: end.rejected, predictedFinish: null }),
  };
}

function withPlace(error: unknown, batchId: string, place: { items: number; bytes: number } | undefined): unknown {
  const problem = ProblemError.from(error);
  if (problem === undefined) return error;
  const { data } = problem;
  const offset = place === undefined ? {} : { 'Upload-Offset': String(place.bytes) };
  return new ProblemError({ ...data, headers: { ...offset, Location: `/api/v1/batches/${batchId}`, ...data.headers }, extra: { batchId, ...(place === undefined ? {} : { offset: place }), ...data.extra }, cause: error });
}

/** Upload-Offset: how many bytes of the upload came before. @throws ProblemError 400 invalid-offset */
function offsetOf(call: Call): number | undefined {
  const header = call.req.headers['upload-offset'];
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  throw new ProblemError({ status: 400, code: 'invalid-offset', title: 'Invalid Upload-Offset', detail: 'Upload-Offset is a whole number of bytes.' });
}
