import type { Context, ServiceBroker, ServiceSchema } from 'moleculer';
import type { Actions, ChangeOutcome, ChangeRecord, Events, WriteChunk } from '../../shared/contracts/actions.ts';
import type { SliceOutcome } from '../../shared/contracts/slices.ts';
import { FLEET_ERRORS, fleetError } from '../../shared/errors/fleet-errors.ts';
import { classifyFailure, faultOfDataError } from '../../shared/errors/sqlstate.ts';
import type { Fault } from '../../shared/records/record-kind.ts';
import { mostFlushes, writerPoolSize } from '../../shared/db/pool-size.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { changeRecord } from './change-record.ts';
import { createFlushSlots } from './create-flush-slots.ts';
import { kindFlush, type KindFlush } from './flush-target.ts';
import { traceFlush } from './trace-flush.ts';
import { writeChunk, type FlushTools } from './write-chunk.ts';
import { nudgeRelays } from './nudge-relays.ts';
import { waitedMs } from './waited.ts';

/** Puts rows and ledger into PostgreSQL: chunks in one statement each, changes in one transaction each. */
export function createWriter(node: NodeContext): ServiceSchema {
  const { settings, metrics, log, tracing } = node;
  const most = mostFlushes(settings);
  const targets = new Map<string, KindFlush>();
  const target = (kind: string): KindFlush => {
    const found = targets.get(kind);
    if (found === undefined) throw new Error(`this node knows no record kind "${kind}"; every node of a fleet needs the same kinds`);
    return found;
  };
  const tools = (kind: string, requestIds: readonly string[]): FlushTools => ({
    requestIds,
    pool: node.database.pool,
    fork: () => node.database.orm.em.fork(),
    node: node.nodeId,
    leaseMs: settings.batchLease,
    log,
    attempts: settings.writeAttempts,
    retryDelayMs: settings.writeRetryDelay,
    statementTimeoutMs: settings.statementTimeout,
    random: Math.random,
    rowByRow: !settings.bulkFlush,
    now: () => performance.now(),
    onFlush(ms, rows) {
      slots.flushed(rows, ms);
      metrics.observe('writer_flush_seconds', { kind }, ms / 1_000);
      metrics.observe('writer_flush_rows', { kind }, rows);
    },
    onRetry: (cause) => metrics.count('writer_retries_total', { cause }),
    onExhausted: () => metrics.count('writer_exhausted_chunks_total', {}),
    onIsolation(report) {
      metrics.count('writer_bisections_total', { kind }, report.bisections);
      metrics.count('writer_rejects_total', { kind, code: 'data' }, report.refused);
    },
    onIdConflict: (slices) => metrics.count('writer_id_conflicts_total', { kind }, slices),
  });
  /** What is left of a call's deadline now that its turn has come. */
  const timeLeft = (ctx: Context<{ deadlineMs: number }>, action: 'write' | 'change'): number => {
    const waited = waitedMs(ctx);
    metrics.observe('writer_wait_seconds', { action }, waited / 1_000);
    return ctx.params.deadlineMs - waited;
  };
  /** Calls of `write` that came and have no answer yet. */
  const inHand = new Set<string>();
  const slots = createFlushSlots(node);
  let active = 0;
  const counted = async <T>(work: () => Promise<T>): Promise<T> => {
    metrics.set('writer_flushes_active', {}, ++active);
    try {
      return await work();
    } finally {
      metrics.set('writer_flushes_active', {}, --active);
    }
  };

  /** Tells of a flush whose edge says that it is to be told of. */
  const traced = async ({ params: { chunk }, meta: { trace } }: Context<WriteChunk, { trace?: string }>, work: () => Promise<SliceOutcome[]>): Promise<SliceOutcome[]> => {
    if (tracing === undefined || trace === undefined) return work();
    const startedAt = performance.now();
    let outcomes: SliceOutcome[] | undefined;
    try {
      return (outcomes = await work());
    } finally {
      traceFlush(tracing, trace, chunk, startedAt, performance.now(), outcomes);
    }
  };

  return {
    name: 'writer',
    settings: {},
    metadata: { slots: settings.writerConcurrency, most, pool: writerPoolSize(most) },
    actions: {
      write: {
        async handler(this: { broker: ServiceBroker }, ctx: Context<WriteChunk, { trace?: string }>): Promise<SliceOutcome[]> {
          const { chunk, requestIds, call = ctx.id } = ctx.params;
          const { sinks } = target(chunk.kind);
          inHand.add(call);
          const write = () => counted(() => writeChunk(tools(chunk.kind, requestIds), target(chunk.kind), chunk, timeLeft(ctx, 'write')));
          const slices = await slots.take(() => traced(ctx, write)).finally(() => inHand.delete(call));
          metrics.count('writer_rows_total', { kind: chunk.kind }, chunk.sliceOf.length);
          nudgeRelays(this.broker, sinks, chunk.slices.map((s) => s.shard));
          return slices;
        },
      },
      inHand: {
        handler: ({ params }: Context<Actions['writer.inHand']['params']>): Actions['writer.inHand']['result'] => params.calls.filter((call) => inHand.has(call)),
      },
      change: {
        bulkhead: { enabled: true, concurrency: settings.writerConcurrency, maxQueueSize: 100 },
        async handler(this: { broker: ServiceBroker }, ctx: Context<ChangeRecord>) {
          if (timeLeft(ctx, 'change') <= 0) throw fleetError(FLEET_ERRORS.tooLate, 'the time given was over before the change had its turn');
          const { record, table, columns, sinks } = target(ctx.params.kind);
          const outcome = await counted(() => changeRecord(node.database.orm.em.fork(), { record, table, columns }, ctx.params, node.nodeId, settings)).catch((error: unknown): ChangeOutcome => {
            if (classifyFailure(error, record, '') === 'data') return refusedByDatabase(faultOfDataError(error, record));
            // PostgreSQL's message can quote a customer's value, and no log of another node would know it for one.
            log.warn({ err: error, kind: ctx.params.kind }, 'a change failed');
            throw fleetError(FLEET_ERRORS.outcomeUnknown, 'PostgreSQL did not take the change');
          });
          if (outcome.outcome === 'changed') nudgeRelays(this.broker, sinks, []);
          return outcome;
        },
      },
    },
    events: {
      'flushes.limited': (ctx: Context<Events['flushes.limited']>) => slots.limited(ctx.params),
    },
    started(this: { broker: ServiceBroker }) {
      slots.start(this.broker);
    },
    stopped: () => slots.stop(),
    created() {
      // From the start, so that the first one is seen as an increase: an alert looks at it.
      metrics.count('writer_retries_total', { cause: 'sqlstate_53' }, 0);
      for (const [name, kind] of node.kinds) targets.set(name, kindFlush(node.database, kind, settings));
    },
  };
}

/** A value that a constraint refused: rolled back, so nothing was changed. One that another record has is a conflict. */
function refusedByDatabase(fault: Fault): ChangeOutcome {
  return { outcome: 'refused', faults: [fault], ...(fault.code === 'duplicate' ? { conflict: true } : {}) };
}
