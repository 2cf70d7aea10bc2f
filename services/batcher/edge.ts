import type { ServiceBroker } from 'moleculer';
import type { BatchOutcome, ChangeAnswer, TakeBatch, TakeChange } from '../../shared/contracts/actions.ts';
import { batchesSink } from '../../shared/batches/batch-events.ts';
import type { FlushesLimited } from '../../shared/contracts/flush-limit.ts';
import type { PoolsJudged } from '../../shared/contracts/pools.ts';
import type { SubmissionOutcome, SubmitOrders, TradeServiceSays } from '../../shared/contracts/submissions.ts';
import { HttpPools } from '../../shared/http/http-pools.ts';
import { liveView } from '../../shared/live/live-view.ts';
import { DrainRate } from '../../shared/runtime/drain-rate.ts';
import { every } from '../../shared/runtime/every.ts';
import { watchLoopDelay } from '../../shared/runtime/loop-delay.ts';
import { natsIsConnected } from '../../shared/runtime/nats-status.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { Admission, type Load } from './admission.ts';
import { CALL_GRACE_MS, stayOffNats } from './call-writer.ts';
import { afterDelivery, awaitDelivery } from './await-delivery.ts';
import { createDispatch } from './create-dispatch.ts';
import { edgeFigures } from './edge-figures.ts';
import { watchDrain } from './drain.ts';
import { fleetView, whyNoWriter } from './fleet-view.ts';
import { Carriers, CHUNK_LEASE_MS } from './large/carriers.ts';
import { endOverdue } from './large/end-large.ts';
import { LargeBatches } from './large/large-batches.ts';
import { createOrderNames } from './order-names/create-order-names.ts';
import { createProcessing } from './process/create-processing.ts';
import { PoolDoor } from './pool-door.ts';
import { QueueDoor } from './queue-door.ts';
import { WriteQueue } from './queue.ts';
import { reap, renewLeases, type ReaperTools } from './reaper.ts';
import { reportBatch } from './report-batch.ts';
import { createSubmission } from './submission/create-submission.ts';
import { takeChange, type ChangeTools } from './take-change.ts';
import { takeBatch, type TakeTools } from './take-batch.ts';
import { takeTarget } from './take-target.ts';

/** The batcher's parts, wired: one per node. */
export interface Edge {
  take(params: TakeBatch): Promise<BatchOutcome>;
  change(params: TakeChange): Promise<ChangeAnswer>;
  submit(params: SubmitOrders): Promise<SubmissionOutcome>;
  askTradeService(orderId: number): Promise<TradeServiceSays>;
  readonly large: LargeBatches;
  /** Looks what was steered. */
  steered(): Promise<void>;
  /** The fleet's limiter decided. */
  limited(decided: FlushesLimited): void;
  /** What the relay that watches the pools found. */
  judged(pools: PoolsJudged): void;
  /** Looks which writers and edges there are. */
  lookAround(): void;
  /** Items that were handed out have been answered. */
  answered(): void;
  start(): void;
  /** The node begins to stop: what can be finished is, and the rest is not waited for. */
  drain(): void;
  /** Waits for the batches in work, then stops the timers. */
  stop(): Promise<void>;
}

const REAP_INTERVAL_MS = 5_000;
const SETTLE_LATER_MS = 20_000;
const LOOK_AROUND_INTERVAL_MS = 1_000;
const WATCH_INTERVAL_MS = 100;
const STEER_INTERVAL_MS = 1_000;
const CARRY_INTERVAL_MS = 500;
/** Renewed at a third of the lease. */
const RENEWALS = 3;

export function createEdge(node: NodeContext, broker: ServiceBroker): Edge {
  const { settings, metrics, log, database, tracing } = node;
  const now = () => performance.now();
  const queue = new WriteQueue();
  const loopDelay = watchLoopDelay();
  // Whatever waits now is written or withdrawn within its deadline.
  const drain = new DrainRate(now(), Math.ceil(settings.requestDeadline / 1_000));
  const pools = new PoolDoor(node.nodeId, now, () => {
    metrics.count('pool_breaker_rejections_total', {});
    metrics.count('batcher_refusals_total', { reason: 'pools' });
  });
  const queues = new QueueDoor(settings);
  const doors = { enter: (inWork: number) => (queues.enter('requests'), pools.enter(inWork)) };
  const admission = new Admission({
    limits: liveView(settings, { maxRequests: 'maxRequests', maxItems: 'queueMaxItems', maxBytes: 'queueMaxBytes' }),
    doors, queue, drain, now,
    handedOver: () => dispatcher.handedOver,
    loopDelayMs: () => loopDelay.ms(),
    onRefusal: (reason) => metrics.count('batcher_refusals_total', { reason }),
  });
  const retryAfter = () => admission.retryAfter();
  const background = new Set<Promise<unknown>>();
  /** A stopping node waits for it. */
  const inWorkUntilDone = <T>(work: Promise<T>): Promise<T> => {
    background.add(work);
    const leave = () => void background.delete(work);
    work.then(leave, leave);
    return work;
  };
  const stopping = new AbortController();
  const inWork = new Set<string>();

  const { dispatcher, slots, calls, watch } = createDispatch(node, broker, { queue, drain, now });
  const tools: TakeTools = {
    pool: database.pool,
    queue,
    dispatcher,
    log,
    owner: node.nodeId,
    inWork,
    leaseMs: settings.batchLease,
    statementTimeoutMs: settings.statementTimeout,
    settlePatienceMs: settings.lockTimeout + CALL_GRACE_MS,
    settleLaterMs: SETTLE_LATER_MS,
    shards: settings.shards,
    batchesSink: batchesSink(settings),
    cut: liveView(settings, { segmentRows: 'bulkInsertBatchSize', maxRows: 'chunkMaxRows', maxBytes: 'chunkMaxBytes' }),
    now,
    maxBatchesOfClient: () => settings.maxConcurrentBatches,
    retryAfter,
    onSettle: (cause) => metrics.count('batcher_settles_total', { cause }),
    tracing,
    stopping: stopping.signal,
  };
  const changeTools: ChangeTools = {
    ...tools,
    change: async (params, timeout) => {
      if (broker.getLocalService('writer') === undefined) stayOffNats(broker);
      return broker.call('writer.change', params, { timeout });
    },
  };
  const targets = new Map([...node.kinds].map(([name, kind]) => [name, takeTarget(node, kind)]));
  // One for the node: its connections to other services are bounded together.
  const http = new HttpPools(settings);
  const processing = createProcessing(node, broker, http);
  const carriers = new Carriers(tools, targets, processing, (lane) => !node.drain.on && !queues.isPaused(lane));
  const large = new LargeBatches(tools, targets, liveView(settings, { most: 'maxUploads' }), { enter: (lane, uploads) => (queues.enter(lane), pools.enter(uploads)) });
  const submission = createSubmission(node, http);
  const orderNames = createOrderNames(node, http);
  const reaper: ReaperTools = {
    pool: database.pool,
    owner: node.nodeId,
    inWork,
    leaseMs: settings.batchLease,
    idempotencyHours: settings.idempotencyKeep,
    commandHours: settings.batchCommandsKeep,
    statementTimeoutMs: settings.statementTimeout,
    onSettle: (batches) => metrics.count('batcher_settles_total', { cause: 'orphan' }, batches),
  };
  const warn = (what: string) => (error: unknown) => log.warn({ err: error }, what);
  const lookAround = () => {
    const { writers, edges } = fleetView(broker);
    slots.update(writers, edges.length);
    slots.expire(now());
    carriers.sharedBy(edges);
    dispatcher.wake();
  };
  const loops = [
    every(settings.batchLease / RENEWALS, () => renewLeases(reaper), warn('leases of batches could not be renewed; tried again')),
    every(REAP_INTERVAL_MS, () => reap(reaper), warn('orphaned batches could not be looked for; tried again')),
    every(REAP_INTERVAL_MS, () => endOverdue(tools), warn('large batches past their deadline could not be ended; tried again')),
    every(CARRY_INTERVAL_MS, () => carriers.look(), warn('staged chunks could not be looked for; tried again')),
    every(CHUNK_LEASE_MS / RENEWALS, () => carriers.renew(), warn('leases of staged chunks could not be renewed; tried again')),
    every(REAP_INTERVAL_MS, () => carriers.sweep(), warn('staged chunks of ended batches could not be deleted; tried again')),
    every(STEER_INTERVAL_MS, () => large.lookAround(), warn('what was steered could not be looked for; tried again')),
    every(WATCH_INTERVAL_MS, async () => void watch.look(), warn('writers could not be asked for overdue chunks; tried again')),
    every(LOOK_AROUND_INTERVAL_MS, async () => lookAround(), warn('the fleet could not be looked at')),
  ];
  const draining = watchDrain({
    now,
    canHandOut: () => slots.total > 0 && (natsIsConnected(broker) || slots.has(broker.nodeID)),
    async abandon() {
      dispatcher.abandon();
      calls.recall(calls.of(), 'this node stops');
      await large.stop();
    },
    endPaused: () => large.endPaused(),
    onError: warn('what waits could not be ended; tried again'),
  });
  const forgetFigures = edgeFigures(metrics, { admission, queue, slots, dispatcher, large, processing, drain, now });
  node.health.add('writers', () => (slots.writers > 0 ? { status: 'up', figures: { writers: slots.writers, slots: slots.total, busy: slots.inFlight } } : { status: 'down', why: whyNoWriter(broker) }), true);

  return {
    large,
    steered: async () => void (await Promise.all([large.lookAround(), carriers.look()])),
    judged: (found) => pools.judged(found),
    limited(decided) {
      slots.limited(decided, now());
      dispatcher.wake();
    },
    lookAround,
    answered: () => processing.answered(),
    take(params) {
      const target = targets.get(params.kind);
      if (target === undefined) throw new Error(`this node knows no record kind "${params.kind}"`);
      return inWorkUntilDone(admission.admit(loadOf(params, params.items.length), async (hold) => {
        const started = now();
        const written = await takeBatch(tools, target, params, (work) => {
          // Answered for now, but in work until it is settled.
          hold(work);
          void inWorkUntilDone(work);
        });
        const outcome = settings.asyncDelivery ? written : await afterDelivery(tools, written, started + params.deadlineMs);
        reportBatch(node, params, outcome);
        return outcome;
      }));
    },
    change: (params) => inWorkUntilDone(admission.admit(loadOf(params, 1), async () => {
      const deadlineAt = now() + params.deadlineMs;
      const answer = await takeChange(changeTools, params);
      if (!settings.asyncDelivery) await awaitDelivery(tools, answer.batchId, deadlineAt);
      return answer;
    })),
    submit(params) {
      if (submission === undefined) throw new Error('no trade service is set');
      doors.enter(admission.requests);
      return inWorkUntilDone(submission.submit(params));
    },
    askTradeService: async (orderId) => submission?.ask(orderId) ?? { answer: 'unavailable', why: 'TRADE_SERVICE_URL is empty' },
    start() {
      submission?.start();
      orderNames?.start();
      lookAround();
      node.gate.keptBy(admission);
      for (const loop of loops) loop.start();
    },
    drain: () => draining.start(),
    async stop() {
      stopping.abort();
      await submission?.stop();
      await orderNames?.stop();
      await large.stop();
      await carriers.stop();
      // Also those whose client has gone, and those that were admitted while others were waited for.
      while (background.size > 0) await Promise.allSettled([...background]);
      for (const loop of [draining, ...loops]) await loop.stop();
      await http.close();
      forgetFigures();
      node.gate.keptBy(undefined);
      loopDelay.stop();
      node.health.remove('writers');
    },
  };
}

function loadOf({ bytes = 0, deadlineMs }: TakeBatch | TakeChange, items: number): Load {
  return { items, bytes, deadlineMs };
}
