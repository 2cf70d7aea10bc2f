import { ProblemError } from '../../../shared/errors/problem.ts';
import type { RecordRow } from '../../../shared/records/record-kind.ts';
import { toIso } from '../../../shared/records/wire.ts';
import { bodyFormat } from '../body/content-type.ts';
import { parseSingle } from '../body/parse-json.ts';
import type { Answer, Call } from '../http/call.ts';
import { ignoredHeader, unknownParameters } from '../http/parameters.ts';
import { clientReference } from './client-reference.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { newBatchId, timeLeft, type Intake, type ServedKind } from './intake.ts';
import { pending, withdrawn } from './post-one.ts';
import { parsePrefer } from './prefer.ts';
import { recordIdOf } from './record-id.ts';
import { takeBody } from './take-body.ts';

/** PUT of a change to one record under its version: 200 and the record, 409 when the version is another. */
export async function putOne(intake: Intake, kind: ServedKind, call: Call): Promise<Answer> {
  if (kind.checkChange === undefined) throw new Error(`kind ${kind.record.name} cannot be changed, yet it has a route for it`);
  const id = recordIdOf(call.params.id);
  const ignored = unknownParameters(call.url, [], intake.limits.unknownQuery);
  bodyFormat(call.req.headers, ['json']);
  const body = await takeBody(call, intake.limits.maxBodyBytes, intake.gate);
  const checked = kind.checkChange(parseSingle(body));
  if ('faults' in checked) throw invalidChange(checked.faults);
  const reference = clientReference(call.req);
  const preferences = parsePrefer(call.req.headers.prefer);
  const key = idempotencyKeyOf(call.req, call.url.pathname, body);
  const { outcome, replayed, batchId } = await intake.change({
    batchId: newBatchId(),
    kind: kind.record.name,
    id,
    body: checked.item,
    version: Number(checked.item.version),
    client: call.caller.client,
    ...reference,
    ...(key === undefined ? {} : { key }),
    deadlineMs: timeLeft(call, preferences),
    bytes: body.length,
    requestId: call.requestId,
    trace: call.trace,
  });
  switch (outcome.outcome) {
    case 'changed':
    case 'repeat':
      return { status: 200, headers: { 'Sluice-Batch-Id': batchId, ...ignoredHeader(ignored), ...(replayed ? { 'Idempotency-Replayed': 'true' } : {}) }, body: await recordText(intake, kind, outcome.row, outcome.sentAt) };
    case 'missing':
      throw notFound(kind, id);
    case 'stale':
      throw new ProblemError({ status: 409, code: 'version-conflict', title: 'Another version', detail: `The record has version ${outcome.version} by now, the change was made on version ${Number(checked.item.version)}. Read it again, then change it.`, errors: [{ pointer: '/version', code: 'version-conflict', message: `is ${outcome.version} by now` }] });
    case 'refused':
      throw invalidChange(outcome.faults, outcome.conflict);
    case 'unknown':
      return pending({ batchId });
    case 'withdrawn':
      throw withdrawn({ retryAfter: outcome.retryAfter, withdrawnCode: 'withdrawn-deadline' });
  }
}

/** A record that shows what other tables hold is read as it is now. */
async function recordText(intake: Intake, kind: ServedKind, row: RecordRow, sentAt: string | null): Promise<string> {
  if (kind.record.joined !== undefined) return (await intake.stored(kind, [Number(row.id)])).get(Number(row.id)) ?? 'null';
  return kind.wire.rest(row, sentAt === null ? null : toIso(sentAt));
}

function invalidChange(faults: readonly { pointer: string; code: string; message: string }[], conflict?: true): ProblemError {
  return new ProblemError({ status: conflict === true ? 409 : 400, code: conflict === true ? (faults[0]?.code ?? 'conflict') : 'invalid-change', title: 'The change was refused', detail: faults.map((f) => f.message).join(' '), errors: [...faults] });
}

/** 404: there is no such record. */
export function notFound(kind: ServedKind, id: number): ProblemError {
  return new ProblemError({ status: 404, code: 'not-found', title: 'No such record', detail: `There is no ${kind.record.name} with the id ${id}.` });
}
