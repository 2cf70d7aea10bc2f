/** Flushes of about the same size, by one edge in one period: sizes are told apart, for a larger flush takes longer without any queue. */
export interface FlushClass {
  /** Rows of these flushes, rounded to a power of two: the exponent. */
  size: number;
  flushes: number;
  /** Median of their times in the writer, waiting for a connection included; ms. */
  ms: number;
}

/** What an edge saw of its flushes in one period. */
export interface FlushesMeasured {
  edge: string;
  classes: FlushClass[];
  /** Most of this edge's flushes that were in flight together. */
  inFlight: number;
  /** Whether a chunk waited because this edge had no more slots. */
  wanting: boolean;
}

/** What the limiter decided: told anew after each of its rounds. */
export interface FlushesLimited {
  /** The name of the node that decides. */
  decider: string;
  /** Flushes that each edge may have in flight, by name; an edge that is not named has one. */
  shares: Record<string, number>;
  /** Most rows of a chunk. */
  maxRows: number;
  /** How long it holds. */
  validMs: number;
}
