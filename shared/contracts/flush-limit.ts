/** Flushes of about the same size, by one writer in one period: sizes are told apart, for a larger flush takes longer without any queue. */
export interface FlushClass {
  /** Rows of these flushes, rounded to a power of two: the exponent. */
  size: number;
  flushes: number;
  /** Median of their times, waiting for a connection included; ms. */
  ms: number;
}

/** What a writer saw of its flushes in one period. */
export interface FlushesMeasured {
  writer: string;
  classes: FlushClass[];
  /** Most of its flushes that ran together. */
  inFlight: number;
}

/** What the limiter decided: told anew after each of its rounds. */
export interface FlushesLimited {
  /** The name of the node that decides. */
  decider: string;
  /** Flushes that each writer runs at a time, by name; one that is not named goes by its fixed number. */
  writers: Record<string, number>;
  /** Most rows of a chunk. */
  maxRows: number;
  /** How long it holds. */
  validMs: number;
}
