/** Who opens the connections of a link: a node by its name, or the clients. */
export type LinkFrom = string;

/**
 * A wire of the system under proof: a TCP proxy that stands between the two. What is done to it holds, also for new connections,
 * until `mend`. Several of these may be in force at once.
 */
export interface Link {
  /** `writer-1->postgres` */
  readonly name: string;
  readonly from: LinkFrom;
  readonly to: 'postgres' | 'nats' | 'kafka' | 'edge';
  /** Connections that stand now. */
  readonly connections: number;
  /** Standing connections end, new ones are refused. */
  cut(): void;
  /** Every piece of data is passed on so much later, each way, in ms; order is kept. */
  delay(ms: number): void;
  /** The bytes of one direction are kept back (`there`: from who opened it to the server; `back`: its answers), the other flows. */
  halve(direction: 'there' | 'back'): void;
  /** Every standing connection is reset (RST) on both sides, once; new ones are welcome. */
  reset(): void;
  /** As it was: open, at once, and what was kept back goes first. */
  mend(): void;
}

/** A link with what its owner needs. */
export interface OwnedLink extends Link {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  close(): Promise<void>;
}

/** What `startLink` (start-link.ts) takes; it resolves to an OwnedLink when it listens. `port`: where it is to listen; a free one if not given. */
export interface LinkOptions {
  /** `writer-1->postgres`; clients' links end in the edge's own name: `client->edge-1`. */
  name: string;
  from: LinkFrom;
  to: Link['to'];
  target: { host: string; port: number };
  port?: number;
}
