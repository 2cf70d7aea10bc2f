import type { Server } from 'node:http';
import { liveView } from '../../../shared/live/live-view.ts';
import type { NodeContext } from '../../../shared/runtime/node-context.ts';
import { BodyRoom } from '../body/body-room.ts';
import type { Operation, Route } from '../routes-table.ts';
import { AnswersOut } from './answers-out.ts';
import { boundConnections, type Connections } from './connections.ts';
import { ReadBound } from './read-bound.ts';
import type { Handler } from './serve.ts';

/** What keeps clients of an edge from hurting each other; docs/overload.md has the table. */
export interface Protection {
  bodies: BodyRoom;
  answers: AnswersOut;
  /** The handler of a route, within the bound on reads where that concerns it. */
  bounded(route: Pick<Route, 'operation'>, handler: Handler): Handler;
  /** Bounds the server's connections, and tells the figures from now on. */
  start(server: Server): void;
  stop(): void;
}

/** Not among the bounded reads: writes have the batcher's admission, uploads their own bound, the rest must answer however much is asked for. */
const UNBOUNDED: ReadonlySet<Operation> = new Set<Operation>(['post-one', 'post-batch', 'put-record', 'post-upload', 'patch-upload', 'submit-order', 'submit-orders', 'health-live', 'health-ready', 'metrics', 'metrics-targets', 'openapi', 'docs', 'console-page', 'console-vendor', 'live']);

/** The bounds of this node's edge, by its settings. */
export function protect({ settings, metrics }: NodeContext): Protection {
  const now = () => performance.now();
  const longestS = Math.ceil(settings.requestDeadline / 1_000);
  const refused = (reason: string) => metrics.count('gateway_refusals_total', { reason });
  const closed = (reason: string) => metrics.count('gateway_connections_closed_total', { reason });
  const bodies = new BodyRoom({ maxBytes: settings.bodiesMaxBytes, now, longestS, onRefusal: refused });
  const answers = new AnswersOut({ maxBytes: settings.answersMaxBytes, deadlineMs: settings.answerDeadline, now, onDrop: closed });
  const reads = new ReadBound({ limits: liveView(settings, { max: 'maxReads' }), now, longestS, onRefusal: () => refused('reads') });
  let connections: Connections = { open: 0, idle: 0 };
  const age = (since: number | undefined) => (since === undefined ? 0 : (now() - since) / 1_000);
  const figures = () => {
    metrics.set('gateway_connections', { state: 'idle' }, connections.idle);
    metrics.set('gateway_connections', { state: 'active' }, connections.open - connections.idle);
    metrics.set('gateway_bodies_bytes', {}, bodies.bytes);
    metrics.set('gateway_bodies_age_seconds', {}, age(bodies.oldestAt()));
    metrics.set('gateway_answers_bytes', {}, answers.bytes);
    metrics.set('gateway_answers_age_seconds', {}, age(answers.oldestAt()));
    metrics.set('gateway_reads_active', {}, reads.active);
  };
  let stop: () => void = () => undefined;
  return {
    bodies,
    answers,
    bounded: ({ operation }, handler) => (UNBOUNDED.has(operation) ? handler : (call) => reads.run(() => handler(call))),
    start(server) {
      connections = boundConnections(server, settings.maxConnections, closed);
      stop = metrics.sampled(figures);
    },
    stop: () => stop(),
  };
}
