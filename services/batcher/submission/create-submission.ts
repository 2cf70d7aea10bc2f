import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import type { SubmitOrders, SubmissionOutcome, TradeServiceSays } from '../../../shared/contracts/submissions.ts';
import { overloaded } from '../../../shared/errors/overloaded.ts';
import type { HttpPools } from '../../../shared/http/http-pools.ts';
import { liveView } from '../../../shared/live/live-view.ts';
import { Breaker, BREAKER_FIGURE } from '../../../shared/runtime/breaker.ts';
import { every } from '../../../shared/runtime/every.ts';
import { sinksOf } from '../../../shared/records/record-kind.ts';
import type { NodeContext } from '../../../shared/runtime/node-context.ts';
import { Bulkhead } from './bulkhead.ts';
import { BusyWatch } from './busy-watch.ts';
import { OrderStore } from './order-store.ts';
import { leaveDuty, reconcile, type ReconcilerTools } from './reconciler.ts';
import { MARGIN_MS } from './submit-chunk.ts';
import { Submitter } from './submitter.ts';
import { takeSubmission, type SubmissionTools } from './take-submission.ts';
import { TradeClient } from './trade-client.ts';

/** An edge's part in submitting orders. */
export interface SubmissionPart {
  submit(params: SubmitOrders): Promise<SubmissionOutcome>;
  ask(orderId: number): Promise<TradeServiceSays>;
  start(): void;
  /** Waits for calls that are under way, at most as long as a stopping node may take. */
  stop(): Promise<void>;
}

const WATCH_POLL_MS = 150;
const STATEMENT_GRACE_MS = 1_000;
/** Connections of the edge's pool that submissions never take. */
const LEFT_TO_OTHERS = 2;
const OPEN_STATES = ['none', 'unknown', 'overdue', 'clash'] as const;

/**
 * Wires the parts of submissions, over the edge's pool.
 * @param pools of the node, with room for the trade service; whoever opened them closes them
 * @returns undefined while no trade service is set
 * @throws Error where the lease of a submission is shorter than a call may take: then orders would be sent twice
 */
export function createSubmission(node: NodeContext, pools: HttpPools): SubmissionPart | undefined {
  const { settings, metrics, log, database } = node;
  if (settings.tradeServiceUrl === '') return undefined;
  const callMs = settings.tradeConnectTimeout + settings.tradeResponseTimeout;
  if (settings.submissionLease <= callMs + MARGIN_MS) throw new Error(`SUBMISSION_LEASE (${settings.submissionLease} ms) must be longer than a call of the trade service may take: TRADE_CONNECT_TIMEOUT and TRADE_RESPONSE_TIMEOUT are ${callMs} ms together`);
  const now = () => performance.now();
  const halted = new AbortController();
  const breaker = new Breaker(liveView(settings, { failures: 'tradeBreakerFailures', cooldownMs: 'tradeBreakerCooldown' }));
  node.breakers.set('trade-service', breaker);
  const calls = new TradeClient({
    http: pools.open(settings.tradeServiceUrl, { connectMs: settings.tradeConnectTimeout, responseMs: settings.tradeResponseTimeout }),
    breaker, now, signal: halted.signal,
    onCall: (action, result) => metrics.count('trade_calls_total', { action, result }),
    onRejection: () => metrics.count('trade_breaker_rejections_total', {}),
  });
  const store = new OrderStore({
    pool: database.pool, statementsAtOnce: Math.max(1, settings.edgePool - LEFT_TO_OTHERS), loadTimeoutMs: settings.submitLoadTimeout, claimTimeoutMs: settings.submitClaimTimeout, statementTimeoutMs: settings.statementTimeout, leaseMs: settings.submissionLease,
    node: node.nodeId, sink: sinkOf(node), newBatchId: uuidv7, onFailure: (error, what) => log.warn({ err: error }, what),
    loadsOneByOne: () => !settings.eagerLoading, settlesOneByOne: () => !settings.batchedUpdates,
  });
  const later = (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  };
  const bulkhead = new Bulkhead({ limit: settings.submitConcurrency, maxWaiting: settings.submitMaxWaiting, now, after: later });
  const watch = new BusyWatch({ load: (ids) => store.load(ids), pollMs: WATCH_POLL_MS, now, after: later, onFailure: (error) => log.warn({ err: error }, 'orders in submission could not be looked at; tried again') });
  const chunk = { store, hold: async () => (settings.splitTransactions ? undefined : store.hold()), calls, leaseMs: settings.submissionLease, callMs, now, log, onStep: (action: string, ms: number) => metrics.observe('bulk_submission_seconds', { action }, ms / 1_000) };
  const submitter = new Submitter({
    ...chunk, bulkhead, watch, chunkSize: settings.batchChunkSize, slotWaitMs: settings.submitSlotWait, followMs: settings.submitDeadline, statementEndsMs: Math.max(settings.statementTimeout, settings.submitClaimTimeout) + STATEMENT_GRACE_MS,
    pauseMs: () => calls.pauseMs(),
    onLoad: (ms) => metrics.observe('bulk_submission_seconds', { action: 'load' }, ms / 1_000),
    onWait: (ms) => metrics.observe('bulk_submission_wait_seconds', {}, ms / 1_000),
    onRefusal: (reason) => metrics.count('bulk_submission_refusals_total', { reason }),
  });
  const tools: SubmissionTools = {
    pool: database.pool, submitter, store, statementTimeoutMs: settings.statementTimeout, deadlineMs: settings.submitDeadline, now, log,
    retryAfter: () => Math.max(bulkhead.waiting > 0 || bulkhead.available === 0 ? bulkhead.retryAfter() : 1, Math.ceil(calls.pauseMs() / 1_000)),
    onOutcome: (outcome, orders) => metrics.count('bulk_submission_orders_total', { outcome }, orders),
    onRequest: (ms) => metrics.observe('bulk_submission_seconds', { action: 'request' }, ms / 1_000),
  };
  const reconciler: ReconcilerTools = {
    ...chunk, calls, pool: database.pool, owner: node.nodeId, dutyLeaseMs: settings.batchLease, patienceMs: settings.submissionPatience, chunkSize: settings.batchChunkSize, idempotencyHours: settings.idempotencyKeep,
    statementTimeoutMs: settings.statementTimeout, newSubmissionId: uuidv7,
    onOpen(byFlag) {
      for (const state of OPEN_STATES) {
        if (byFlag === undefined) metrics.forget('bulk_submission_open_orders', { state });
        else metrics.set('bulk_submission_open_orders', { state }, byFlag.get(state) ?? 0);
      }
    },
    onEnd: (outcome, orders) => metrics.count('bulk_submission_reconciled_total', { outcome }, orders),
  };
  const loop = every(settings.reconcileInterval, () => reconcile(reconciler), (error) => log.warn({ err: error }, 'submissions without a known end could not be reconciled; tried again'));
  const forgetFigures = metrics.sampled(() => {
    metrics.set('bulk_submission_permits', {}, bulkhead.available);
    metrics.set('bulk_submission_queue_chunks', {}, bulkhead.waiting);
    metrics.set('trade_breaker_state', {}, BREAKER_FIGURE[breaker.state]);
  });
  const active = new Set<Promise<unknown>>();
  return {
    async submit(params) {
      if (active.size >= settings.maxRequests) throw overloaded(bulkhead.retryAfter());
      const request = takeSubmission(tools, params);
      active.add(request);
      return request.finally(() => active.delete(request));
    },
    ask: (orderId) => calls.ask(orderId),
    start: () => loop.start(),
    async stop() {
      const ended = submitter.stop();
      // What is still under way then stays in submission; another edge's reconciler finds its end.
      const late = new AbortController();
      await Promise.race([ended, sleep(settings.drainTimeout, undefined, { signal: late.signal }).catch(() => undefined)]);
      late.abort();
      halted.abort();
      await ended;
      await Promise.allSettled([...active]);
      await loop.stop();
      await leaveDuty(reconciler).catch((error: unknown) => log.debug({ err: error }, 'the duty to reconcile could not be left; it runs out'));
      forgetFigures();
    },
  };
}

/** The sink that is told of changes of orders. */
function sinkOf({ kinds, settings }: NodeContext): string {
  const order = kinds.get('order');
  return (order === undefined ? undefined : sinksOf(order, 'update', settings)[0]) ?? '';
}
