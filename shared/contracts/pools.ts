import type { Share } from '../db/pool-share/share-out.ts';
import type { BreakerState } from '../runtime/breaker.ts';
import type { HeldConnection } from '../db/pool-watch.ts';

/** How a pool does; each is worse than the one before it. */
export const POOL_STATES = ['HEALTHY', 'WARNING', 'CRITICAL'] as const;
export type PoolState = (typeof POOL_STATES)[number];

/** One node's PostgreSQL pool, at one moment. */
export interface PoolSample {
  node: string;
  services: string[];
  active: number;
  idle: number;
  /** Who asked for a connection and has none yet. */
  waiting: number;
  /** Of them, those that have waited for a quarter of the setting acquireTimeout: what is over sooner is a busy pool's ordinary way (docs/decisions/0009). */
  waitingLong: number;
  max: number;
  /** active / max: a share of what the pool may open, not of what it has open. */
  utilization: number;
  /** Of all that are held now, the one that is held longest. */
  longest: HeldConnection | null;
  /** Those held for longer than the setting heldConnection allows, the longest first, 10 at most. */
  heldTooLong: HeldConnection[];
}

/** PostgreSQL's own view of all its connections, those of others included. */
export interface PostgresView {
  maxConnections: number;
  /** Of them kept for superusers and others with a right to it. */
  reserved: number;
  connections: number;
  /** connections / (maxConnections - reserved). */
  utilization: number;
  state: PoolState;
  active: number;
  idle: number;
  idleInTransaction: number;
  waitingForLocks: number;
  /** Statements that have been running for longer than the setting slowStatement allows. */
  slow: number;
  /** ms; 0 where none is open. */
  longestTransactionMs: number;
  /** The most of them, 50 at most. */
  byApplication: { application: string; connections: number }[];
}

/** The nodes' connections, all together. */
export interface PoolsBudget {
  /** That nodes may have: max_connections less those for superusers and the reserve. */
  connections: number;
  reserve: number;
  granted: number;
  /** In the order of joining. */
  shares: Share[];
}

/** The breaker of one edge's pool, by the edge's name, or that of `writers`. */
export interface PoolsBreaker {
  pools: string;
  state: BreakerState;
  /** Bad samples in a row. */
  bad: number;
}

/** What a monitor broadcasts after each sample, for edges to admit by. */
export interface PoolsJudged {
  breakers: (PoolsBreaker & { /** Until it is half-open; 0 unless open. */ retryInMs: number })[];
  /** How long an edge may go by it; without word from a monitor it is open to all after that. */
  validMs: number;
}

/** What a monitor knows. */
export interface PoolsReport {
  /** The worst of all pools, and of PostgreSQL itself. */
  state: PoolState;
  /** ISO; of the last round. */
  at: string;
  monitor: string;
  intervalMs: number;
  pools: (PoolSample & { state: PoolState })[];
  /** Nodes that did not answer. */
  silent: string[];
  /** Null where PostgreSQL did not answer. */
  postgres: PostgresView | null;
  /** What the fleet may have of PostgreSQL's connections, and what each node has; null where PostgreSQL did not answer. */
  budget: PoolsBudget | null;
  /** The admission breakers: one of all writers' pools together, and one of each edge's own. */
  breakers: PoolsBreaker[];
  history?: PoolHistory;
}

/** The course of the pools, column by column: as long as `at` is every other list. */
export interface PoolHistory {
  /** Seconds since 1970. */
  at: number[];
  state: PoolState[];
  /** Of PostgreSQL; null where it did not answer. */
  connections: (number | null)[];
  /** Null where the node was not there. */
  pools: { node: string; active: (number | null)[]; waiting: (number | null)[]; max: (number | null)[] }[];
}

/** A connection of PostgreSQL that is at work, in a transaction, or waited for. */
export interface AtWork {
  /** Process id, in PostgreSQL. */
  pid: number;
  application: string;
  /** Whether a node of Sluice has it. */
  ofNode: boolean;
  /** As PostgreSQL has it: active, idle in transaction ... */
  state: string;
  /** How long its transaction has been open, and how long it has been in its state, ms; null where there is none, or it cannot be seen. */
  openMs: number | null;
  stateMs: number | null;
  /** As PostgreSQL has it: `Lock: relation`, `IO: DataFileRead`; null where it waits for nothing. */
  waitsFor: string | null;
  /** How many other connections wait for it, also through others. */
  holdsUp: number;
  /** The first word of its last statement. */
  statement: string | null;
}
