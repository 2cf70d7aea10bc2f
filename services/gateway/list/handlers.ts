import { Readable } from 'node:stream';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { assertSees } from '../access/own-batch.ts';
import { readStatus } from '../batches/large-status.ts';
import type { Answer, Call } from '../http/call.ts';
import { ignoredHeader, unknownParameters, type UnknownQuery } from '../http/parameters.ts';
import { QueryReader } from '../http/query-reader.ts';
import type { ReceiptTools } from '../receipts/read-receipts.ts';
import { recordIdOf } from '../write/record-id.ts';
import { batchIdOf } from './batch-id.ts';
import { batchItems, ITEM_FORMATS, ITEM_STATUSES, type ItemFormat, type ItemStatus } from './batch-items.ts';
import { listRecords } from './list-records.ts';
import { parseListQuery } from './parse-list-query.ts';
import { getRecord, type RecordReader } from './record-reader.ts';

/** GET of a list. */
export async function list(reader: RecordReader, unknown: UnknownQuery, call: Call): Promise<Answer> {
  const query = parseListQuery(reader.table.kind, call.url.searchParams, unknown);
  const { content, pagination } = await listRecords(reader, query);
  return { status: 200, headers: ignoredHeader(query.ignored), body: `{"content":${content},"pagination":${JSON.stringify(pagination)}}` };
}

/** GET of one record. */
export async function get(reader: RecordReader, unknown: UnknownQuery, call: Call): Promise<Answer> {
  const id = recordIdOf(call.params.id);
  const ignored = unknownParameters(call.url, [], unknown);
  const text = await getRecord(reader, id);
  if (text === undefined) throw new ProblemError({ status: 404, code: 'not-found', title: 'No such record', detail: `There is no ${reader.table.kind.name} with the id ${id}.` });
  return { status: 200, headers: ignoredHeader(ignored), body: text };
}

/** GET of a batch; of a large one also how far its upload has come, as the IETF's resumable uploads say it. */
export async function batch(run: RecordReader['run'], unknown: UnknownQuery, call: Call): Promise<Answer> {
  const id = batchIdOf(call);
  const ignored = unknownParameters(call.url, [], unknown);
  await assertSees(run, call.caller, id);
  const found = await readStatus(run, id);
  if (found === undefined) throw noSuchBatch();
  const upload = found.upload === undefined ? {} : { 'Upload-Offset': String(found.upload.offset), 'Upload-Complete': found.upload.complete ? '?1' : '?0', 'Cache-Control': 'no-store' };
  return { status: 200, headers: { ...upload, ...ignoredHeader(ignored) }, body: JSON.stringify(found.status) };
}

/** GET of a batch's receipts, as NDJSON or CSV. */
export async function items(tools: ReceiptTools, unknown: UnknownQuery, call: Call): Promise<Answer> {
  const id = batchIdOf(call);
  const read = new QueryReader(call.url, unknown);
  const status = read.choice<ItemStatus | ''>('status', ITEM_STATUSES, '');
  const format = read.choice<ItemFormat>('format', ITEM_FORMATS, acceptedFormat(call.req.headers.accept));
  const ignored = read.end();
  await assertSees(tools.run, call.caller, id);
  const pieces = await batchItems(tools, id, status === '' ? undefined : status, format);
  if (pieces === undefined) throw noSuchBatch();
  return { status: 200, headers: { ...ignoredHeader(ignored), Vary: 'Accept' }, contentType: CONTENT_TYPES[format], body: Readable.from(pieces) };
}

const CONTENT_TYPES: Record<ItemFormat, string> = { ndjson: 'application/x-ndjson; charset=utf-8', csv: 'text/csv; charset=utf-8; header=present' };

/** CSV where the client takes it and says nothing of NDJSON. */
function acceptedFormat(accept: string | undefined): ItemFormat {
  const types = (accept ?? '').split(',').map((part) => part.split(';')[0]?.trim().toLowerCase());
  return types.includes('text/csv') && !types.some((type) => type === 'application/x-ndjson' || type === 'application/ndjson') ? 'csv' : 'ndjson';
}

function noSuchBatch(): ProblemError {
  return new ProblemError({ status: 404, code: 'not-found', title: 'No such batch', detail: 'There is no batch with this id, or nothing of it was ever recorded.' });
}
