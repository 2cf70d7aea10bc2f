import type { Admin } from 'kafkajs';
import type { TradeFaults } from '../trade-service/faults.ts';
import type { Role } from '../node/roles.ts';
import type { Link, LinkFrom } from './net/link.ts';

/** Something done to a node from within, for what no signal and no cut wire can bring about. */
export type InsideOrder =
  /** Its wall clock goes by so much more, in ms; 0 puts it right. Monotonic clocks don't jump. */
  | { clockAheadMs: number }
  /** Its event loop does nothing else for so long, in ms. */
  | { blockMs: number }
  /** It holds so many bytes of its heap, to no purpose; 0 lets go of them. */
  | { holdBytes: number };

/** The limit of each node's heap: small, so that it can be come near to. */
export const NODE_HEAP_BYTES = 512 * 1024 * 1024;

/** A node process. Whenever it ends it is started again, after a pause, under the same name; its process id is another then. */
export interface TargetNode {
  /** `edge-1`, `writer-2`, `relay-1`; also its node id. */
  readonly name: string;
  readonly role: Role;
  /** Undefined while none runs. */
  readonly pid: number | undefined;
  /** Whether the process that runs now has said that it is ready. */
  readonly ready: boolean;
  /** Sends a signal; false where no process runs. SIGSTOP must be followed by SIGCONT, SIGKILL and SIGTERM by a restart of the supervisor. */
  signal(name: NodeJS.Signals): boolean;
  /** Resolves when a process of this node is ready that isn't `pid`; rejects when `signal` aborts. */
  untilBack(pid: number | undefined, signal?: AbortSignal): Promise<void>;
  /** Does this to it from within. Resolves when it has begun; rejects where the node doesn't answer. */
  inside(order: InsideOrder): Promise<void>;
}

/** A server under proof. Nothing but `start()` starts it again: whoever takes it down brings it back. */
export interface TargetServer {
  readonly running: boolean;
  /** Its own folder. */
  readonly dataDir: string;
  readonly pid: number | undefined;
  readonly port: number;
  /** Sends a signal; false where it doesn't run. */
  signal(name: NodeJS.Signals): boolean;
  /** Sends a signal and waits for the end. */
  end(name: NodeJS.Signals): Promise<void>;
  /** Starts it on its data and port, and resolves when it answers. Nothing where it runs. */
  start(): Promise<void>;
}

export interface TargetPostgres extends TargetServer {
  /** The name of Sluice's database. */
  readonly database: string;
  /** The cluster's folder (PGDATA), for what no statement can do. */
  readonly clusterDir: string;
  /** A statement as superuser in Sluice's database, on a connection of its own, past every link. No timeout of Sluice applies. */
  sql<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  /** A connection as superuser that the caller ends: for locks that must be held. */
  session(): Promise<{ sql<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>; end(): Promise<void> }>;
  /** SIGQUIT: all of its processes end at once, without a checkpoint. */
  stopImmediate(): Promise<void>;
}

export interface TargetNats extends TargetServer {
  /** Deletes its JetStream store. Only while it doesn't run. */
  wipe(): Promise<void>;
}

export interface TargetKafka extends TargetServer {
  /** host:port past every link. */
  readonly brokers: string;
  /** The topic of executions, and how many partitions it has. */
  readonly topic: string;
  readonly partitions: number;
  /** Does something with an admin client of its own, past every link. */
  admin<T>(work: (admin: Admin) => Promise<T>): Promise<T>;
}

/** The price service that revaluations ask: part of the proof, no server of Sluice's. */
export interface TargetPrices {
  /** What it answers this node about this security instead of the price: a status, or `nothing`, ever; undefined: the price. */
  answering: ((node: string, securityId: string) => number | 'nothing' | undefined) | undefined;
}

/** The trade service that orders are submitted to: part of the proof, no server of Sluice's. Its table outlives its absence. */
export interface TargetTrades {
  readonly url: string;
  /** How it misbehaves; `Object.assign` changes it. */
  readonly faults: TradeFaults;
  /** Ends at once, with all that is under way; who asks is refused until `back`. */
  away(): Promise<void>;
  back(): Promise<void>;
}

/** The system under proof, as faults see it. */
export interface Target {
  /** All nodes, or those of a role. */
  nodes(role?: Role): readonly TargetNode[];
  readonly postgres: TargetPostgres;
  readonly nats: TargetNats;
  readonly kafka: TargetKafka;
  readonly prices: TargetPrices;
  readonly trades: TargetTrades;
  /**
   * Every wire: each node has its own to each server it uses, named `edge-1->postgres`, `writer-2->nats`, `relay-1->kafka`, and
   * clients have one to each edge, `client->edge-1`. Without arguments all; `from` may be a role or the name of a node.
   */
  links(from?: LinkFrom, to?: Link['to']): readonly Link[];
  /** Waits; ends early, by rejecting, when the run is stopped. */
  sleep(ms: number): Promise<void>;
  /** Aborts when the run is stopped: `inject` and `end` then come to their end soon. */
  readonly stopped: AbortSignal;
}
