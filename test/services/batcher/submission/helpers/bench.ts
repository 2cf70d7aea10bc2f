import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import type { Pool } from 'pg';
import { startTradeService, type TradeService } from '../../../../../bin/trade-service/trade-service.ts';
import { Bulkhead } from '../../../../../services/batcher/submission/bulkhead.ts';
import { BusyWatch } from '../../../../../services/batcher/submission/busy-watch.ts';
import { OrderStore } from '../../../../../services/batcher/submission/order-store.ts';
import { reconcile, type ReconcilerTools } from '../../../../../services/batcher/submission/reconciler.ts';
import { Submitter } from '../../../../../services/batcher/submission/submitter.ts';
import { TradeClient, type TradeCalls } from '../../../../../services/batcher/submission/trade-client.ts';
import { HttpPools } from '../../../../../shared/http/http-pools.ts';
import { Breaker } from '../../../../../shared/runtime/breaker.ts';
import { startEngine, type Engine } from '../../../../helpers/engine.ts';

export type StoreCalls = Pick<OrderStore, 'load' | 'claim' | 'settle'>;

/** An edge's own parts for submissions. */
export interface SubmissionEdge {
  submitter: Submitter;
  store: OrderStore;
  bulkhead: Bulkhead;
  reconcile(): Promise<void>;
  /** What the reconciler found an end for. */
  ends: Record<string, number>;
}

export interface EdgeShape {
  leaseMs?: number;
  patienceMs?: number;
  limit?: number;
  slotWaitMs?: number;
  maxWaiting?: number;
  followMs?: number;
  chunkSize?: number;
  /** Stands between the parts and the table, or the trade service. */
  store?: (store: OrderStore) => StoreCalls;
  calls?: (calls: TradeCalls) => TradeCalls;
}

/** A database and a trade service, and as many edges over them as a test wants. */
export interface SubmissionBench {
  engine: Engine;
  trades: TradeService;
  edge(name: string, shape?: EdgeShape): SubmissionEdge;
  close(): Promise<void>;
}

export async function startSubmissionBench(): Promise<SubmissionBench> {
  const [engine, trades] = [await startEngine({ settings: { lockTimeout: 150 } }), await startTradeService()];
  const pools = new HttpPools({ httpKeepAlive: 30_000, httpConnections: 100_000, httpConnectionsPerOrigin: 25 });
  return {
    engine, trades,
    edge: (name, shape = {}) => edgeAt(engine.pool, pools, trades.url, name, shape),
    async close() {
      await pools.close();
      await trades.close();
      await engine.close();
    },
  };
}

function edgeAt(pool: Pool, pools: HttpPools, url: string, name: string, shape: EdgeShape): SubmissionEdge {
  const { leaseMs = 1_700, patienceMs = 60_000, limit = 15, slotWaitMs = 5_000, maxWaiting = 100, followMs = 30_000, chunkSize = 50 } = shape;
  const now = () => performance.now();
  const log = pino({ level: 'silent' });
  const client = new TradeClient({ http: pools.open(url, { connectMs: 200, responseMs: 400 }), breaker: new Breaker({ failures: 1_000, cooldownMs: 100 }), now, signal: new AbortController().signal, onCall: () => undefined, onRejection: () => undefined });
  const calls = shape.calls?.(client) ?? client;
  const plain = new OrderStore({ pool, statementsAtOnce: 3, loadTimeoutMs: 3_000, claimTimeoutMs: 5_000, statementTimeoutMs: 5_000, leaseMs, node: name, sink: '', newBatchId: uuidv7, onFailure: () => undefined });
  const store = (shape.store?.(plain) ?? plain) as OrderStore;
  const after = (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  };
  const bulkhead = new Bulkhead({ limit, maxWaiting, now, after });
  const watch = new BusyWatch({ load: (ids) => plain.load(ids), pollMs: 20, now, after, onFailure: () => undefined });
  const chunk = { store, calls, leaseMs, callMs: 450, now, log, onStep: () => undefined };
  const submitter = new Submitter({ ...chunk, bulkhead, watch, chunkSize, slotWaitMs, followMs, statementEndsMs: 100, pauseMs: () => calls.pauseMs(), onLoad: () => undefined, onWait: () => undefined, onRefusal: () => undefined });
  const ends: Record<string, number> = {};
  const tools: ReconcilerTools = {
    ...chunk, calls, pool, owner: name, dutyLeaseMs: 200, patienceMs, chunkSize, idempotencyHours: 24, statementTimeoutMs: 5_000, newSubmissionId: uuidv7, onOpen: () => undefined,
    onEnd: (outcome, orders) => void (ends[outcome] = (ends[outcome] ?? 0) + orders),
  };
  return { submitter, store: plain, bulkhead, reconcile: () => reconcile(tools), ends };
}

/** Submits, and waits for every outcome. */
export async function submitAll({ submitter }: SubmissionEdge, ids: readonly number[]) {
  const { outcomes } = submitter.submit(ids, { submissionId: uuidv7(), client: 'anonymous', trace: '' });
  return new Map(await Promise.all([...outcomes].map(async ([id, outcome]) => [id, await outcome] as const)));
}

/** Stops for ever at a place, as a process does that is killed there: what it would do next never happens. */
export class Death {
  readonly #at: string;
  #dead = false;
  /** Places that were passed. */
  readonly passed: string[] = [];
  #died: () => void = () => undefined;
  readonly died = new Promise<void>((resolve) => (this.#died = resolve));

  constructor(at: string) {
    this.#at = at;
  }

  async pass(place: string): Promise<void> {
    this.passed.push(place);
    if (!this.#dead && place === this.#at) {
      this.#dead = true;
      this.#died();
    }
    if (this.#dead) await new Promise(() => undefined);
  }

  /** Each call of these passes a place before and after. */
  within<T extends object>(calls: T, names: readonly (keyof T & string)[]): T {
    const wrapped = Object.create(calls) as T;
    for (const name of names) {
      const call = (calls[name] as (...values: unknown[]) => Promise<unknown>).bind(calls);
      (wrapped as Record<string, unknown>)[name] = async (...values: unknown[]) => {
        await this.pass(`before ${name}`);
        const answer = await call(...values);
        await this.pass(`after ${name}`);
        return answer;
      };
    }
    // Private fields are reached through the object itself.
    for (const name of ['pauseMs', 'bulk', 'ask', 'load', 'claim', 'settle'] as const) if (!(names as readonly string[]).includes(name) && name in calls) (wrapped as Record<string, unknown>)[name] = ((calls as Record<string, unknown>)[name] as (...v: unknown[]) => unknown).bind(calls);
    return wrapped;
  }
}
