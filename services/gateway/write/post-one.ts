import type { BatchOutcome } from '../../../shared/contracts/actions.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { RecordRow } from '../../../shared/records/record-kind.ts';
import { bodyFormat } from '../body/content-type.ts';
import { parseSingle } from '../body/parse-json.ts';
import type { Answer, Call } from '../http/call.ts';
import { ignoredHeader, unknownParameters } from '../http/parameters.ts';
import { clientReference } from './client-reference.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { newBatchId, recordOfItem, timeLeft, type Intake, type ServedKind } from './intake.ts';
import { parsePrefer } from './prefer.ts';
import { takeBody } from './take-body.ts';

/** POST of one record: 201 and the record, or a problem that says why not. */
export async function postOne(intake: Intake, kind: ServedKind, call: Call): Promise<Answer> {
  const ignored = unknownParameters(call.url, [], intake.limits.unknownQuery);
  bodyFormat(call.req.headers, ['json']);
  const body = await takeBody(call, intake.limits.maxBodyBytes, intake.gate);
  const item = parseSingle(body);
  const reference = clientReference(call.req);
  const preferences = parsePrefer(call.req.headers.prefer);
  const key = idempotencyKeyOf(call.req, call.url.pathname, body);
  const outcome = await intake.take({
    batchId: newBatchId(),
    kind: kind.record.name,
    items: [item],
    client: call.caller.client,
    ...reference,
    ...(key === undefined ? {} : { key }),
    deadlineMs: timeLeft(call, preferences),
    bytes: body.length,
    async: preferences.async,
    single: true,
    requestId: call.requestId,
    trace: call.trace,
  });
  if (outcome.state === 'pending') return pending(outcome);
  if (outcome.rejects.length > 0) throw refused(outcome);
  if (outcome.withdrawn.length > 0) throw withdrawn(outcome);
  const id = outcome.ids[0] ?? 0;
  const stored = outcome.items?.[0];
  const record = preferences.minimal ? `{"id":${id}}` : stored === undefined ? ((await intake.stored(kind, [id])).get(id) ?? 'null') : recordOfItem(kind, stored as RecordRow, id, outcome.receivedAt);
  return {
    status: 201,
    headers: { Location: `/api/v1/${kind.record.rest.one}/${id}`, 'Sluice-Batch-Id': outcome.batchId, ...ignoredHeader(ignored), ...(outcome.replayed ? { 'Idempotency-Replayed': 'true' } : {}) },
    body: record,
  };
}

/** 202: what became of the record is not known yet; the place to ask. */
export function pending({ batchId }: Pick<BatchOutcome, 'batchId'>): Answer {
  return { status: 202, headers: { Location: `/api/v1/batches/${batchId}` }, body: JSON.stringify({ status: 'PENDING', message: 'Not known yet; ask at the place that Location names.', totalRequested: 1, batchId, results: [] }) };
}

function refused(outcome: BatchOutcome): ProblemError {
  const errors = outcome.rejects.map(([, code, pointer, message]) => ({ pointer, code, message }));
  const conflict = errors.every((e) => e.code === 'conflict' || e.code === 'duplicate');
  return new ProblemError({ status: conflict ? 409 : 400, code: 'invalid-record', title: 'The record was refused', detail: errors.map((e) => e.message).join(' '), errors });
}

/** 503: time or load refused it; it was not written and never will be by this request. */
export function withdrawn(outcome: Pick<BatchOutcome, 'retryAfter' | 'withdrawnCode'>): ProblemError {
  return new ProblemError({
    status: 503,
    code: outcome.withdrawnCode ?? 'withdrawn-unavailable',
    title: 'Withdrawn',
    detail: 'The record was not written in time, and never will be by this request. Safe to send again.',
    headers: { 'Retry-After': String(outcome.retryAfter ?? 1) },
  });
}
