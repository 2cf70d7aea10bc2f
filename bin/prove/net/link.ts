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
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  /** Connections that stand now. */
  readonly connections: number;
  /** Standing connections end, new ones are refused: they are reset as soon as they are made. */
  cut(): void;
  /** Every piece of data is passed on so much later, in ms, each way or one way only; order is kept. */
  delay(ms: number, direction?: Direction): void;
  /** The bytes of one direction are kept back, the other flows. Both halves kept back is a wire that is silent. */
  halve(direction: Direction): void;
  /** Every standing connection is reset (RST) on both sides, once; new ones are welcome. */
  reset(): void;
  /** Standing connections are reset; from now on each new one has a rewriter of its own, until it ends, also beyond `mend`. */
  rewrite(make: () => Rewriter): void;
  /** As it was: open, at once, and what was kept back goes first. */
  mend(): void;
}

/** `there`: from who opened the connection to the server; `back`: its answers. */
export type Direction = 'there' | 'back';

/** Changes what passes on one connection: gets the bytes as they come, and gives those that are passed on in their place. */
export type Rewriter = Record<Direction, (data: Buffer) => Buffer>;

/** A link with what its owner needs. */
export interface OwnedLink extends Link {
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
  /** Told of each piece that comes from who opened a connection. */
  onSent?: (data: Buffer) => void;
}
