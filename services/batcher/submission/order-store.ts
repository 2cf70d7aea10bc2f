import type { Pool } from 'pg';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { CLAIM_ORDERS, LOAD_ORDERS, SETTLE_SUBMISSIONS } from '../../../shared/db/queries/submissions.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { HeldConnection } from './held-connection.ts';
import { Permits } from '../process/permits.ts';
import type { LoadedOrder } from './outcomes.ts';

/** What became of a claimed order, as it is written down. */
export interface Settled {
  id: number;
  version: number;
  submissionId: string;
  outcome: 'sent' | 'refused' | 'released' | 'unknown' | 'clash';
  tradeOrderId?: number;
  reason?: string;
}

/** Every order of a claim is in exactly one of them. */
export interface Claimed {
  own: Set<number>;
  /** Not free any more, or not what was loaded. */
  lost: Set<number>;
  /** Surely not claimed: PostgreSQL refused the statement, down to the single order. */
  failed: Set<number>;
  /** PostgreSQL did not say. */
  unclear: Set<number>;
}

export interface StoreTools {
  pool: Pool;
  /** Statements at the same time: fewer than the pool has connections, so that nobody else waits for one. */
  statementsAtOnce: number;
  loadTimeoutMs: number;
  claimTimeoutMs: number;
  statementTimeoutMs: number;
  leaseMs: number;
  node: string;
  /** That is told of orders; empty for none. */
  sink: string;
  newBatchId: () => string;
  onFailure: (error: unknown, what: string) => void;
  /** Loads each order in a query of its own: EAGER_LOADING is off. */
  loadsOneByOne?: () => boolean;
  /** Writes each order's end in a statement of its own: BATCHED_UPDATES is off. */
  settlesOneByOne?: () => boolean;
}

/** The store over one connection, which a chunk of orders keeps across its call. */
export interface HeldStore extends Pick<OrderStore, 'claim' | 'settle' | 'load'> {
  /** Opens the transaction that the call is made in; where that fails, the chunk goes on without. */
  begin(): Promise<void>;
  /** Gives the connection back; the first settle has done so already. */
  end(): Promise<void>;
}

type Run = (statement: NamedStatement, values: unknown[], timeoutMs: number) => Promise<unknown[][]>;

/** PostgreSQL's own limit of a statement comes first: then its outcome is known. */
const GRACE_MS = 500;

/** The table of orders, as submissions see it. Each call is one statement in autocommit: no connection is held between two. */
export class OrderStore {
  readonly #tools: StoreTools;
  readonly #turns: Permits;
  readonly #run: Run;

  /** @param run how a statement is run, where not on any connection of the pool */
  constructor(tools: StoreTools, run?: Run) {
    this.#tools = tools;
    this.#turns = new Permits(tools.statementsAtOnce, new AbortController().signal);
    this.#run = run ?? ((statement, values, timeoutMs) => this.#inTurn(statement, values, timeoutMs));
  }

  /**
   * A store that keeps one connection until what it was taken for is written down. Only the claim is committed at once: a crash within
   * the call must leave its orders in submission, or they would be sent twice. It keeps no locks either, so others are answered as ever.
   */
  async hold(): Promise<HeldStore> {
    const leave = await this.#turns.take();
    const held = await HeldConnection.take(this.#tools.pool, () => leave?.());
    const over = new OrderStore(this.#tools, (statement, values, timeoutMs) => held.run(statement, values, timeoutMs));
    return {
      claim: (orders, submissionId) => over.claim(orders, submissionId),
      load: (ids) => this.load(ids),
      begin: () => held.begin(this.#tools.leaseMs).catch(async (error: unknown) => {
        this.#tools.onFailure(error, 'a connection could not be kept across a call of the trade service');
        await held.end();
      }),
      settle: async (rows, client, trace) => {
        if (held.ended) return this.settle(rows, client, trace);
        try {
          const ids = await over.settle(rows, client, trace);
          await held.commit();
          return ids;
        } finally {
          await held.end();
        }
      },
      end: () => held.end(),
    };
  }

  /** The orders that there are, by id, in one query. */
  async load(ids: readonly number[]): Promise<Map<number, LoadedOrder>> {
    const rows: unknown[][] = [];
    for (const lot of this.#tools.loadsOneByOne?.() === true ? ids.map((id) => [id]) : [ids]) rows.push(...(await this.#run(LOAD_ORDERS, [lot], this.#tools.loadTimeoutMs)));
    return new Map(rows.map(loadedOrder).map((order) => [order.id, order]));
  }

  /** Claims what is free and still as it was loaded. A chunk that took too long, or met a lock, is claimed in halves. */
  async claim(orders: readonly LoadedOrder[], submissionId: string): Promise<Claimed> {
    const { claimTimeoutMs, leaseMs, onFailure } = this.#tools;
    const claimed: Claimed = { own: new Set(), lost: new Set(), failed: new Set(), unclear: new Set() };
    const parts: (readonly LoadedOrder[])[] = [orders];
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      if (part.length === 0) continue;
      try {
        const rows = await this.#run(CLAIM_ORDERS, [part.map((o) => o.id), part.map((o) => o.version), submissionId, leaseMs], claimTimeoutMs + GRACE_MS);
        const own = new Set(rows.map(([id]) => Number(id)));
        for (const { id } of part) (own.has(id) ? claimed.own : claimed.lost).add(id);
      } catch (error) {
        onFailure(error, 'a claim of orders failed');
        if (tookTooLong(error) && part.length > 1) {
          const middle = Math.ceil(part.length / 2);
          parts.unshift(part.slice(0, middle), part.slice(middle));
        } else for (const { id } of part) (surelyNot(error) ? claimed.failed : claimed.unclear).add(id);
      }
    }
    return claimed;
  }

  /**
   * Writes down what became of them, each under its own version and submission id, and what is told of it, in one statement.
   * @returns the ids that were written: not those that something else had changed
   */
  async settle(rows: readonly Settled[], client: string, trace: string): Promise<Set<number>> {
    const ids = new Set<number>();
    for (const lot of this.#tools.settlesOneByOne?.() === true ? rows.map((row) => [row]) : [rows]) for (const id of await this.#settle(lot, client, trace)) ids.add(id);
    return ids;
  }

  async #settle(rows: readonly Settled[], client: string, trace: string): Promise<number[]> {
    const { sink, statementTimeoutMs, newBatchId, node } = this.#tools;
    const values = [
      rows.map((r) => r.id), rows.map((r) => r.version), rows.map((r) => r.submissionId), rows.map((r) => r.outcome), rows.map((r) => r.tradeOrderId ?? null), rows.map((r) => r.reason ?? null),
      newBatchId(), client, node, trace, sink,
    ];
    return (await this.#run(SETTLE_SUBMISSIONS, values, statementTimeoutMs)).map(([id]) => Number(id));
  }

  async #inTurn(statement: NamedStatement, values: unknown[], timeoutMs: number): Promise<unknown[][]> {
    const leave = await this.#turns.take();
    try {
      return await runStatement(this.#tools.pool, statement, values, timeoutMs);
    } finally {
      leave?.();
    }
  }
}

/** An order of a row that LOAD_ORDERS gives. */
export function loadedOrder(row: readonly unknown[]): LoadedOrder {
  const [id, version, status, tradeOrderId, submissionId, flag, portfolioId, orderType, securityId, quantity, limitPrice, orderTimestamp, blotterId] = row;
  return {
    id: Number(id), version: Number(version), status: status as string, tradeOrderId: tradeOrderId === null ? null : Number(tradeOrderId), submissionId: submissionId as string | null, flag: flag as string | null,
    portfolioId: portfolioId as string, orderType: orderType as string, securityId: securityId as string, quantity: quantity as string, limitPrice: limitPrice as string | null,
    orderTimestamp: orderTimestamp as string, blotterId: blotterId === null ? null : Number(blotterId),
  };
}

/** PostgreSQL ended it, by statement_timeout or lock_timeout. What only we gave up on may still hold what it has locked: halves of it would wait for that. */
function tookTooLong(error: unknown): boolean {
  return ['57014', '55P03'].includes((error as { code?: string }).code ?? '');
}

/** An ERROR of PostgreSQL's ended the statement and undid it; a lost connection, or a server that goes away, says nothing of that. */
function surelyNot(error: unknown): boolean {
  return (error as { severity?: unknown }).severity === 'ERROR';
}
