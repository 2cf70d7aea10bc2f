import { Readable } from 'node:stream';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { Answer, Call } from '../http/call.ts';
import { ignoredHeader, unknownParameters, type UnknownQuery } from '../http/parameters.ts';
import type { ReceiptTools } from '../receipts/read-receipts.ts';
import { recordIdOf } from '../write/record-id.ts';
import { batchIdOf } from './batch-id.ts';
import { batchItems, ITEM_STATUSES, type ItemStatus } from './batch-items.ts';
import { batchStatus } from './batch-status.ts';
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

/** GET of a batch's state and counts. */
export async function batch(run: RecordReader['run'], unknown: UnknownQuery, call: Call): Promise<Answer> {
  const id = batchIdOf(call);
  const ignored = unknownParameters(call.url, [], unknown);
  const status = await batchStatus(run, id);
  if (status === undefined) throw noSuchBatch();
  return { status: 200, headers: ignoredHeader(ignored), body: JSON.stringify(status) };
}

/** GET of a batch's receipts, as NDJSON. */
export async function items(tools: ReceiptTools, unknown: UnknownQuery, call: Call): Promise<Answer> {
  const id = batchIdOf(call);
  const ignored = unknownParameters(call.url, ['status'], unknown);
  const asked = call.url.searchParams.get('status') ?? undefined;
  if (asked !== undefined && !isItemStatus(asked)) {
    throw invalidQuery([{ pointer: '?status', code: 'unknown-value', message: `takes one of ${ITEM_STATUSES.join(', ')}.` }]);
  }
  const lines = await batchItems(tools, id, asked);
  if (lines === undefined) throw noSuchBatch();
  return { status: 200, headers: ignoredHeader(ignored), contentType: 'application/x-ndjson; charset=utf-8', body: Readable.from(lines) };
}

function isItemStatus(text: string): text is ItemStatus {
  return (ITEM_STATUSES as readonly string[]).includes(text);
}

function invalidQuery(errors: { pointer: string; code: string; message: string }[]): ProblemError {
  return new ProblemError({ status: 400, code: 'invalid-query', title: 'Invalid query', detail: errors.map((e) => `${e.pointer.slice(1)} ${e.message}`).join(' '), errors });
}

function noSuchBatch(): ProblemError {
  return new ProblemError({ status: 404, code: 'not-found', title: 'No such batch', detail: 'There is no batch with this id, or nothing of it was ever recorded.' });
}
