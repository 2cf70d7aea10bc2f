/** What the law remembers. `limit`: flushes the fleet may have in flight. `maxRows`: most rows of a chunk. */
export interface FlushLimit {
  readonly limit: number;
  readonly maxRows: number;
  /** Latency without a queue, as last measured; ms. 0: not measured yet. */
  readonly baseMs: number;
  /** Rounds since the base was measured. */
  readonly age: number;
  /** While the base is measured anew: the limit to go back to. */
  readonly before: number | undefined;
}

/** One round of flushes. */
export interface FlushSample {
  /** Median of their latencies, pool wait included; ms. */
  latencyMs: number;
  /** Longest wait for a connection; ms. */
  poolWaitMs: number;
  /** Most that were in flight together. */
  inFlight: number;
}

export interface FlushLimitBounds {
  maxLimit: number;
  minRows: number;
  maxRows: number;
  /** A flush slower than this is answered with smaller chunks; ms. */
  slowMs: number;
}

export type FlushLimitReason = 'first' | 'idle' | 'pool-wait' | 'queue-short' | 'queue-long' | 'steady' | 'measure-base' | 'base-measured';

/** Flushes that may queue in PostgreSQL: fewer leave it idle between two, more only wait there. Vegas' alpha and beta. */
const ALPHA = 0.5;
const BETA = 1.5;
/** Rounds after which the base is measured anew, with one flush in flight: else a queue of our own, or a database that became slower, would never be told apart. */
const BASE_ROUNDS = 50;

/** The law's start: the fixed default. */
export function startLimit(limit: number, maxRows: number): FlushLimit {
  return { limit, maxRows, baseMs: 0, age: BASE_ROUNDS, before: undefined };
}

/**
 * One step of TCP Vegas (Brakmo and Peterson, "TCP Vegas: End to End Congestion Avoidance on a Global Internet", 1995):
 * limit * (1 - base / latency) flushes queue in the database; below alpha one more is let in, above beta one less.
 * Chunks halve while flushes are slow, and grow back by an eighth. Plain: the same state and sample give the same answer.
 *
 * One state is for the whole fleet. With a state in each edge the shares come out equal but the sum does not hold: each takes the
 * others' queue for its base (simulated on a database that carries 6: two edges 8 in flight on average, three 14-17, four 25).
 */
export function nextLimit(state: FlushLimit, sample: FlushSample, bounds: FlushLimitBounds): { state: FlushLimit; reason: FlushLimitReason } {
  const rows = nextRows(state.maxRows, sample.latencyMs, bounds);
  const go = (change: Partial<FlushLimit>, reason: FlushLimitReason) => ({ state: { ...state, maxRows: rows, age: state.age + 1, ...change }, reason });
  if (state.before !== undefined) {
    // Flushes of before may still be under way: only a round with one alone shows the base.
    if (sample.inFlight > 1) return go({}, 'measure-base');
    return go({ limit: state.before, before: undefined, baseMs: sample.latencyMs, age: 0 }, 'base-measured');
  }
  if (state.age >= BASE_ROUNDS) return go({ limit: 1, before: state.limit }, state.baseMs === 0 ? 'first' : 'measure-base');
  const baseMs = Math.min(state.baseMs, sample.latencyMs);
  const down = Math.max(1, state.limit - 1);
  if (sample.poolWaitMs > baseMs) return go({ baseMs, limit: down }, 'pool-wait');
  if (sample.inFlight < state.limit) return go({ baseMs }, 'idle');
  const queued = state.limit * (1 - baseMs / sample.latencyMs);
  if (queued < ALPHA) return go({ baseMs, limit: Math.min(bounds.maxLimit, state.limit + 1) }, 'queue-short');
  if (queued > BETA) return go({ baseMs, limit: down }, 'queue-long');
  return go({ baseMs }, 'steady');
}

function nextRows(rows: number, latencyMs: number, bounds: FlushLimitBounds): number {
  const next = latencyMs > bounds.slowMs ? Math.floor(rows / 2) : rows + Math.ceil(bounds.maxRows / 8);
  return Math.min(bounds.maxRows, Math.max(bounds.minRows, next));
}
