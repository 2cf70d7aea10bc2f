import { ProblemError } from '../../../shared/errors/problem.ts';
import { bodyFormat } from '../body/content-type.ts';
import { parseEnvelope } from '../body/parse-json.ts';
import { parseNdjson } from '../body/parse-ndjson.ts';
import type { Answer, Call } from '../http/call.ts';
import { ignoredHeader, unknownParameters } from '../http/parameters.ts';
import { clientReference, REFERENCE_MEMBER } from './client-reference.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { newBatchId, recordOfItem, timeLeft, type Intake, type ServedKind } from './intake.ts';
import { parsePrefer } from './prefer.ts';
import { renderBatch } from './render-batch.ts';
import { takeBody } from './take-body.ts';

/** POST of a batch: every item is answered for, by its index in the request. */
export async function postBatch(intake: Intake, kind: ServedKind, call: Call): Promise<Answer> {
  const { collection } = kind.record.rest;
  const ignored = unknownParameters(call.url, [], intake.limits.unknownQuery);
  const format = bodyFormat(call.req.headers, ['json', 'ndjson']);
  const body = await takeBody(call, intake.limits.maxBodyBytes, intake.gate);
  const { items, rest } = format === 'ndjson' ? { items: parseNdjson(body), rest: {} } : parseEnvelope(body, { member: collection, others: [REFERENCE_MEMBER] });
  const itemsPointer = format === 'ndjson' ? '' : `/${collection}`;
  if (items.length === 0) throw new ProblemError({ status: 400, code: 'empty-batch', title: 'Empty batch', detail: 'The batch has no items; send at least one.', errors: [{ pointer: itemsPointer, code: 'empty-batch', message: 'has no items' }] });
  if (items.length > intake.limits.maxBatchItems) throw tooMany(items.length, intake.limits.maxBatchItems, kind);

  const reference = clientReference(call.req, rest[REFERENCE_MEMBER]);
  const preferences = parsePrefer(call.req.headers.prefer);
  const key = idempotencyKeyOf(call.req, call.url.pathname, body);
  const outcome = await intake.take({
    batchId: newBatchId(),
    kind: kind.record.name,
    items,
    client: call.caller.client,
    ...reference,
    ...(key === undefined ? {} : { key }),
    deadlineMs: timeLeft(call, preferences),
    bytes: body.length,
    async: preferences.async,
    requestId: call.requestId,
    trace: call.trace,
  });
  const stored = outcome.items === undefined && !preferences.minimal ? await intake.stored(kind, outcome.ids.filter((id) => id > 0)) : undefined;
  const answer = renderBatch(outcome, itemsPointer, preferences.minimal, {
    member: kind.record.name,
    ofItem: (item, id, receivedAt) => recordOfItem(kind, item, id, receivedAt),
    ...(stored === undefined ? {} : { stored }),
  });
  return { ...answer, headers: { ...answer.headers, ...ignoredHeader(ignored) } };
}

function tooMany(items: number, most: number, kind: ServedKind): ProblemError {
  const way = `/api/v1/batches/${kind.record.rest.collection}`;
  return new ProblemError({ status: 413, code: 'too-many-items', title: 'Too many items', detail: `The batch has ${items} items; at most ${most} are answered at once. Send it in parts, or as a large batch to ${way}.`, errors: [{ pointer: `/${kind.record.rest.collection}`, code: 'too-many-items', message: `at most ${most} items` }] });
}
