import type { RecordRow } from '../../../shared/records/record-kind.ts';
import { toIso } from '../../../shared/records/wire.ts';
import { bodyFormat } from '../body/content-type.ts';
import { parseSingle } from '../body/parse-json.ts';
import type { Answer, Call } from '../http/call.ts';
import { ignoredHeader, unknownParameters } from '../http/parameters.ts';
import { clientReference } from './client-reference.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { newBatchId, timeLeft, type Intake, type ServedKind } from './intake.ts';
import { invalidChange, notChanged } from './not-changed.ts';
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
  if (outcome.outcome === 'deleted') throw new Error('a change was answered as a deletion');
  if (outcome.outcome !== 'changed' && outcome.outcome !== 'repeat') return notChanged(kind, id, Number(checked.item.version), batchId, outcome);
  const headers = { 'Sluice-Batch-Id': batchId, ...ignoredHeader(ignored), ...(replayed ? { 'Idempotency-Replayed': 'true' } : {}) };
  return { status: 200, headers, body: await recordText(kind, outcome.row, outcome.sentAt) };
}

/**
 * The record as the change left it, without reading it back: whoever is told that nothing was done would be told wrong. What it shows of
 * other tables is null where that can't be looked up now.
 */
async function recordText({ joined, wire }: ServedKind, row: RecordRow, sentAt: string | null): Promise<string> {
  const at = sentAt === null ? null : toIso(sentAt);
  if (joined === undefined) return wire.rest(row, at);
  await joined.ready([row]);
  return wire.restWith(joined.lookup)(row, at);
}
