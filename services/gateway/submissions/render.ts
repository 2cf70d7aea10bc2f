import type { OrderOutcome, SubmissionOutcome, UnsentCode, WrongCode } from '../../../shared/contracts/submissions.ts';
import type { Answer } from '../http/call.ts';
import type { Asked } from './read-ids.ts';

/** What a client is told of one order. */
export interface Told {
  status: 'SUCCESS' | 'FAILURE' | 'PENDING';
  code: string;
  message: string;
  tradeOrderId: number | null;
}

const UNSENT: Record<UnsentCode, string> = {
  overloaded: 'Not submitted: too many submissions are waiting. Safe to send again.',
  'trade-service-away': 'Not submitted: the trade service does not answer. Safe to send again.',
  'trade-service-refuses': 'Not submitted: the trade service does not take calls of Sluice. Safe to send again, once an operator has looked at it.',
  'database-away': 'Not submitted: the database did not answer in time. Safe to send again.',
  'changed-meanwhile': 'Not submitted: the order was changed meanwhile. Read it again, then submit it.',
  released: 'Not submitted: the submission that was under way came to nothing. Safe to send again.',
  stopping: 'Not submitted: this node is stopping. Safe to send again.',
};
const WRONG: Record<WrongCode, string> = {
  'not-found': 'There is no such order.',
  'already-sent': 'The order was submitted before.',
  'not-new': 'Only orders of status NEW can be submitted.',
};

/** The outcome of one order in words. */
export function told(outcome: OrderOutcome): Told {
  switch (outcome.outcome) {
    case 'sent': return { status: 'SUCCESS', code: 'submitted', message: 'Submitted.', tradeOrderId: outcome.tradeOrderId };
    case 'refused': return { status: 'FAILURE', code: 'refused-by-trade-service', message: `The trade service refused it: ${outcome.reason}`, tradeOrderId: null };
    case 'unsent': return { status: 'FAILURE', code: outcome.code, message: UNSENT[outcome.code], tradeOrderId: null };
    case 'wrong': return { status: 'FAILURE', code: outcome.code, message: outcome.status === null || outcome.code !== 'not-new' ? WRONG[outcome.code] : `${WRONG[outcome.code]} It is ${outcome.status}.`, tradeOrderId: outcome.tradeOrderId };
    case 'unknown': return {
      status: 'PENDING', code: 'outcome-unknown', tradeOrderId: null,
      message: outcome.flag === 'clash' || outcome.flag === 'overdue' ? 'In submission, and a person must look at it: whether the trade service has it could not be found out.' : 'In submission: whether the trade service has it is not known yet. It is found out without you; the order tells its end.',
    };
  }
}

/**
 * The answer of a batch: 200 when all were submitted, 207 when some were or are not known yet, 503 when none was and load or an absence
 * was a reason, else 400. Results stand in the order of the request.
 */
export function renderSubmission(asked: readonly Asked[], outcome: SubmissionOutcome): Answer {
  const outcomes = new Map(outcome.outcomes);
  const results = asked.map((each, requestIndex) => {
    if ('fault' in each) return { orderId: each.id, status: 'FAILURE', code: each.fault.code, message: each.fault.message, tradeOrderId: null, requestIndex };
    return { orderId: each.id, ...told(outcomes.get(each.id) ?? { outcome: 'unknown', flag: null }), requestIndex };
  });
  const successful = results.filter((r) => r.status === 'SUCCESS').length;
  const pending = results.filter((r) => r.status === 'PENDING').length;
  const failed = results.length - successful - pending;
  const unsent = outcome.outcomes.some(([, each]) => each.outcome === 'unsent');
  const status = failed + pending === 0 ? 200 : successful + pending > 0 ? 207 : unsent ? 503 : 400;
  const parts = [`${successful} of ${results.length} orders submitted`, ...(failed > 0 ? [`${failed} failed, see their messages`] : []), ...(pending > 0 ? [`${pending} not known yet`] : [])];
  return {
    status,
    headers: { ...(status === 503 ? { 'Retry-After': String(Math.max(1, outcome.retryAfter)) } : {}), ...(outcome.replayed ? { 'Idempotency-Replayed': 'true' } : {}) },
    body: JSON.stringify({
      status: status === 200 ? 'SUCCESS' : status === 207 ? 'PARTIAL' : 'FAILURE', message: `${parts.join('; ')}.`,
      totalRequested: results.length, successful, failed, pending, results, submissionId: outcome.submissionId, ...(outcome.metrics === undefined ? {} : { metrics: rounded(outcome.metrics) }),
    }),
  };
}

function rounded(metrics: object): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]: [string, number]) => [name, Math.round(value * 100) / 100]));
}
