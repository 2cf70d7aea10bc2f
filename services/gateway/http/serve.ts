import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from '../../../shared/metrics/metrics.ts';
import type { Logger } from '../../../shared/runtime/log.ts';
import { isSampled, traceIdOf, traceOf } from '../../../shared/tracing/trace-context.ts';
import type { Tracing } from '../../../shared/tracing/tracing.ts';
import { NOBODY } from '../../../shared/access/caller.ts';
import type { BodyRoom } from '../body/body-room.ts';
import type { AnswersOut } from './answers-out.ts';
import { leaveBody } from '../body/leave-body.ts';
import { requestIdOf, urlOf, type Answer, type Call } from './call.ts';
import { problemAnswer, problemOf } from './problems.ts';
import { send } from './send.ts';

export type Handler = (call: Call) => Answer | Promise<Answer>;

export interface ServeTools {
  /** Of every answer. */
  headers: Readonly<Record<string, string>>;
  deadlineMs: () => number;
  bodies: BodyRoom;
  answers: AnswersOut;
  metrics: Metrics;
  log: Logger;
  /** Undefined where traces are told to nobody. */
  tracing?: Tracing | undefined;
}

const FOR_LOAD = ['overloaded', 'pools-exhausted'];

/**
 * Serves one request: gives it an id, a trace and a deadline, runs its handler, and answers, whatever happens: a
 * ProblemError as the problem it is, anything else as 503 or 500 with the cause in the log.
 * @param route the path's pattern, for metrics
 */
export async function serve(tools: ServeTools, route: string, handler: Handler, req: IncomingMessage, res: ServerResponse, params: Record<string, string>): Promise<void> {
  const startedAt = performance.now();
  const requestId = requestIdOf(req.headers['x-request-id']);
  const path = (req.url ?? '/').split('?')[0] ?? '/';
  const trace = traceOf(req.headers.traceparent, tools.tracing?.share);
  const body = tools.bodies.open(req);
  const ended: (() => void)[] = [];
  let answer: Answer;
  try {
    const url = urlOf(req);
    const call: Call = { req, url, params, caller: NOBODY, requestId, trace, startedAt, deadlineAt: startedAt + tools.deadlineMs(), onEnd: (then) => void ended.push(then) };
    answer = await handler(call);
  } catch (error) {
    const problem = problemOf(error);
    // Refusals for load are counted where they are made: a line for each would be load of its own.
    if (problem.status >= 500 && !FOR_LOAD.includes(problem.code)) tools.log[problem.status === 500 ? 'error' : 'warn']({ err: error, requestId, traceId: traceIdOf(trace), route, status: problem.status }, 'a request failed');
    answer = problemAnswer(problem, path);
  } finally {
    body.free();
  }
  answer.headers = { ...tools.headers, 'X-Request-Id': requestId, ...answer.headers };
  if (!req.complete && leaveBody(req)) answer.headers.Connection = 'close';
  try {
    await send(tools.answers, req, res, answer);
  } catch (error) {
    // The client has gone, or its connection broke: the answer reaches nobody, the work stands.
    tools.log.debug({ err: error, requestId, route }, 'an answer could not be delivered');
    res.destroy();
  } finally {
    for (const then of ended) then();
  }
  tools.metrics.count('gateway_requests_total', { route, status: String(answer.status) });
  tools.metrics.observe('gateway_request_seconds', { route }, (performance.now() - startedAt) / 1_000);
  if (tools.log.isLevelEnabled('debug')) tools.log.debug({ requestId, traceId: traceIdOf(trace), method: req.method, route, status: answer.status, ms: Math.round(performance.now() - startedAt), batchId: answer.headers['Sluice-Batch-Id'] }, 'answered');
  if (tools.tracing !== undefined && isSampled(trace) && route.startsWith('/api/')) tellRequest(tools.tracing, trace, req, route, answer.status, requestId, startedAt);
}

/** The span of a request, beneath the caller's own where it came with one. */
function tellRequest(tracing: Tracing, own: string, req: IncomingMessage, route: string, status: number, requestId: string, startedAt: number): void {
  const { traceparent } = req.headers;
  const parent = typeof traceparent === 'string' && traceparent.includes(traceIdOf(own)) ? { parent: traceparent } : {};
  tracing.span({
    name: `${req.method ?? ''} ${route}`, own, ...parent, kind: 'server', startedAt, endedAt: performance.now(), failed: status >= 500,
    attributes: { 'http.request.method': req.method ?? '', 'http.route': route, 'http.response.status_code': status, 'sluice.request_id': requestId },
  });
}
