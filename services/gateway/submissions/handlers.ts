import type { ServiceBroker } from 'moleculer';
import type { SubmitOrders, SubmissionOutcome } from '../../../shared/contracts/submissions.ts';
import { FLAT_ORDER } from '../../../shared/db/queries/submissions.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { fleetErrorType } from '../../../shared/errors/fleet-errors.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { rawNumber } from '../../../shared/records/decimal.ts';
import { bodyFormat } from '../body/content-type.ts';
import { parseEnvelope } from '../body/parse-json.ts';
import type { Answer, Call } from '../http/call.ts';
import type { Handler } from '../http/serve.ts';
import { ignoredHeader, unknownParameters, type UnknownQuery } from '../http/parameters.ts';
import { idempotencyKeyOf } from '../write/idempotency-key.ts';
import { newBatchId } from '../write/intake.ts';
import { parsePrefer } from '../write/prefer.ts';
import { recordIdOf } from '../write/record-id.ts';
import { takeBody } from '../write/take-body.ts';
import { idsToSubmit, readIds } from './read-ids.ts';
import { renderSubmission, told } from './render.ts';
import type { SubmissionOperation } from './routes.ts';

export interface SubmissionDesk {
  broker: ServiceBroker;
  run: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;
  limits: { maxSubmitOrders: number; submitDeadline: number; tradeServiceUrl: string; unknownQuery: UnknownQuery };
}

/** Its memory is bounded with that of all bodies; writers have nothing to do with it. */
const OPEN_GATE = { enter: () => () => undefined };
const MAX_BODY_BYTES = 1_048_576;
const MEMBER = 'orderIds';
/** Beyond the deadline, which the batcher keeps itself. */
const GRACE_MS = 5_000;

/** The handlers of the routes that submit orders. */
export function submissionHandlers(desk: SubmissionDesk): Record<SubmissionOperation, Handler> {
  return { 'submit-orders': (call) => submitOrders(desk, call), 'submit-order': (call) => submitOrder(desk, call) };
}

async function submitOrders(desk: SubmissionDesk, call: Call): Promise<Answer> {
  const ignored = unknownParameters(call.url, [], desk.limits.unknownQuery);
  bodyFormat(call.req.headers, ['json']);
  const body = await takeBody(call, MAX_BODY_BYTES, OPEN_GATE);
  const { items } = parseEnvelope(body, { member: MEMBER });
  const { maxSubmitOrders } = desk.limits;
  if (items.length === 0) throw new ProblemError({ status: 400, code: 'empty-batch', title: 'Empty batch', detail: 'There are no order ids; send at least one.', errors: [{ pointer: `/${MEMBER}`, code: 'empty-batch', message: 'has no items' }] });
  if (items.length > maxSubmitOrders) throw new ProblemError({ status: 413, code: 'too-many-items', title: 'Too many items', detail: `There are ${items.length} order ids; at most ${maxSubmitOrders} are submitted at once. Send them in parts.`, errors: [{ pointer: `/${MEMBER}`, code: 'too-many-items', message: `at most ${maxSubmitOrders} items` }] });
  const asked = readIds(items);
  const answer = renderSubmission(asked, await submit(desk, call, idsToSubmit(asked), body));
  return { ...answer, headers: { ...answer.headers, ...ignoredHeader(ignored) } };
}

async function submitOrder(desk: SubmissionDesk, call: Call): Promise<Answer> {
  const id = recordIdOf(call.params.id);
  const ignored = unknownParameters(call.url, [], desk.limits.unknownQuery);
  const body = await takeBody(call, MAX_BODY_BYTES, OPEN_GATE);
  const { outcomes, replayed, retryAfter } = await submit(desk, call, [id], body);
  const outcome = outcomes[0]?.[1] ?? { outcome: 'unknown', flag: null };
  const { code, message } = told(outcome);
  const headers = { ...ignoredHeader(ignored), ...(replayed ? { 'Idempotency-Replayed': 'true' } : {}) };
  switch (outcome.outcome) {
    case 'sent': return sentOrder(desk, id, outcome.tradeOrderId, headers);
    case 'unknown': return { status: 202, headers: { ...headers, Location: `/api/v1/orders/${id}` }, body: JSON.stringify({ status: 'PENDING', message, orderId: id }) };
    case 'wrong': throw new ProblemError({ status: outcome.code === 'not-found' ? 404 : 409, code: outcome.code, title: 'The order cannot be submitted', detail: message, extra: { orderId: id, tradeOrderId: outcome.tradeOrderId } });
    case 'refused': throw new ProblemError({ status: 400, code, title: 'The trade service refused the order', detail: message, extra: { orderId: id } });
    case 'unsent': throw new ProblemError({ status: outcome.code === 'changed-meanwhile' ? 409 : 503, code, title: 'Not submitted', detail: message, headers: { 'Retry-After': String(Math.max(1, retryAfter)) } });
  }
}

async function submit({ broker, limits }: SubmissionDesk, call: Call, orderIds: number[], body: Buffer): Promise<SubmissionOutcome> {
  if (limits.tradeServiceUrl === '') throw new ProblemError({ status: 503, code: 'not-configured', title: 'Not configured', detail: 'Orders cannot be submitted while the setting TRADE_SERVICE_URL is empty. Nothing was done.', headers: { 'Retry-After': '60' } });
  const key = idempotencyKeyOf(call.req, call.url.pathname, body);
  const { waitMs } = parsePrefer(call.req.headers.prefer);
  const spent = performance.now() - call.startedAt;
  const deadlineMs = Math.max(1, Math.min(limits.submitDeadline, waitMs ?? Infinity) - spent);
  const submissionId = newBatchId();
  const params: SubmitOrders = { submissionId, orderIds, client: call.caller.client, ...(key === undefined ? {} : { key }), deadlineMs, requestId: call.requestId, trace: call.trace };
  try {
    return await broker.call<SubmissionOutcome, SubmitOrders>('batcher.submit', params, { timeout: deadlineMs + GRACE_MS });
  } catch (error) {
    // It was called and did not answer: what became of the orders is not known here.
    const type = fleetErrorType(error);
    if (type !== 'REQUEST_TIMEOUT' && type !== 'REQUEST_REJECTED') throw error;
    return { submissionId, outcomes: orderIds.map((id) => [id, { outcome: 'unknown', flag: null }]), replayed: false, retryAfter: 1, metrics: undefined };
  }
}

/** The order, which was sent: where it can't be read now, that much is told, and where to read it. */
async function sentOrder(desk: SubmissionDesk, id: number, tradeOrderId: number, headers: Record<string, string>): Promise<Answer> {
  const text = await flatOrder(desk, id).catch((error: unknown) => {
    if (error instanceof ProblemError) throw error;
    return undefined;
  });
  if (text !== undefined) return { status: 200, headers, body: text };
  const message = `Submitted, as trade order ${tradeOrderId}; the order could not be read back.`;
  return { status: 202, headers: { ...headers, Location: `/api/v1/orders/${id}` }, body: JSON.stringify({ status: 'PENDING', message, orderId: id, tradeOrderId }) };
}

async function flatOrder({ run }: SubmissionDesk, orderId: number): Promise<string> {
  const [row] = await run(FLAT_ORDER, [orderId]);
  if (row === undefined) throw new ProblemError({ status: 404, code: 'not-found', title: 'No such record', detail: `The order ${orderId} was submitted, and deleted since.` });
  const [id, blotterId, statusId, portfolioId, orderTypeId, securityId, quantity, limitPrice, orderTimestamp, tradeOrderId, version] = row;
  const numberOf = (value: unknown) => (value === null ? null : Number(value));
  return JSON.stringify({
    id: Number(id), blotterId: numberOf(blotterId), statusId: numberOf(statusId), portfolioId, orderTypeId: numberOf(orderTypeId), securityId, quantity: rawNumber(quantity), limitPrice: rawNumber(limitPrice),
    orderTimestamp, tradeOrderId: numberOf(tradeOrderId), version: Number(version),
  });
}
