import type { BatchOutcome } from '../../../shared/contracts/actions.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { RecordRow } from '../../../shared/records/record-kind.ts';
import { bodyFormat } from '../body/content-type.ts';
import { parseArrayBody } from '../body/parse-json.ts';
import type { Answer, Call } from '../http/call.ts';
import { ignoredHeader, unknownParameters } from '../http/parameters.ts';
import { clientReference } from '../write/client-reference.ts';
import { idempotencyKeyOf } from '../write/idempotency-key.ts';
import { asStored, newBatchId, timeLeft, type Intake, type ServedKind } from '../write/intake.ts';
import { parsePrefer } from '../write/prefer.ts';
import { takeBody } from '../write/take-body.ts';
import { renderCreated, type OrderText } from './render-created.ts';

/** POST of a plain array of orders: each is answered for, in the order sent. */
export async function createOrders(intake: Intake, kind: ServedKind, mostOrders: number, call: Call): Promise<Answer> {
  const ignored = unknownParameters(call.url, [], intake.limits.unknownQuery);
  bodyFormat(call.req.headers, ['json']);
  const body = await takeBody(call, intake.limits.maxBodyBytes, intake.gate);
  const items = parseArrayBody(body);
  const { collection } = kind.record.rest;
  if (items.length === 0) throw new ProblemError({ status: 400, code: 'empty-batch', title: 'Empty batch', detail: 'The array is empty; send at least one.', errors: [{ pointer: '', code: 'empty-batch', message: 'has no items' }] });
  if (items.length > mostOrders) throw new ProblemError({ status: 413, code: 'too-many-items', title: 'Too many items', detail: `The array has ${items.length} ${collection}; at most ${mostOrders} are taken at once. Send it in parts, or as a large batch to /api/v1/batches/${collection}.`, errors: [{ pointer: '', code: 'too-many-items', message: `at most ${mostOrders}` }] });
  const preferences = parsePrefer(call.req.headers.prefer);
  const key = idempotencyKeyOf(call.req, call.url.pathname, body);
  const outcome = await intake.take({
    batchId: newBatchId(), kind: kind.record.name, items, client: call.caller.client, ...clientReference(call.req), ...(key === undefined ? {} : { key }),
    deadlineMs: timeLeft(call, preferences), bytes: body.length, async: preferences.async, requestId: call.requestId, trace: call.trace,
  });
  const answer = renderCreated(outcome, preferences.minimal ? undefined : await orderTexts(intake, kind, outcome));
  return { ...answer, headers: { ...answer.headers, ...ignoredHeader(ignored) } };
}

/** Orders that were just written are told as they were checked, with what other tables hold of them; where an answer is given again, as they are now. */
async function orderTexts(intake: Intake, kind: ServedKind, { state, items, ids, receivedAt }: BatchOutcome): Promise<OrderText> {
  const rows = items === undefined ? [] : (items as RecordRow[]).filter((_, index) => (ids[index] ?? 0) > 0);
  const { joined } = kind;
  if (items !== undefined && joined !== undefined && (await joined.ready(rows))) {
    const write = kind.wire.restWith(joined.lookup);
    return (index, id) => write(asStored(kind, items[index] as RecordRow, id, receivedAt), null);
  }
  const stored = state === 'pending' ? new Map<number, string>() : await intake.stored(kind, ids.filter((id) => id > 0));
  // Deleted since, where the answer is given again.
  return (_, id) => stored.get(id) ?? 'null';
}
