import type { FlushClass } from '../../shared/contracts/flush-limit.ts';

/** What the law remembers. `limit`: flushes that the fleet's writers may run together. `maxRows`: most rows of a chunk. */
export interface FlushLimit {
  readonly limit: number;
  readonly maxRows: number;
  /** Time of a flush without a queue, as last measured, by size class; ms. A class that is not there says nothing. */
  readonly bases: Readonly<Record<number, number>>;
  /** Rounds since the bases were measured, or seen again. */
  readonly age: number;
  /** Rounds in a row that speak against the bases. */
  readonly doubts: number;
  /** While they are measured anew: the limit to go back to, and the rows of the flushes to measure. */
  readonly measuring: { readonly before: number; readonly rows: number } | undefined;
}

/** One round of flushes, of the whole fleet. */
export interface FlushSample {
  /** Each size once. */
  classes: readonly FlushClass[];
  /** Most that were in flight together. */
  inFlight: number;
}

export interface FlushLimitBounds {
  /** Each is a flow of its own: at least one of its flushes runs. */
  writers: number;
  maxLimit: number;
  minRows: number;
  maxRows: number;
  /** A flush slower than this is answered with smaller chunks; ms. */
  slowMs: number;
}

export type FlushLimitReason = 'idle' | 'unknown' | 'queue-short' | 'queue-long' | 'steady' | 'measure-base' | 'base-measured';

export interface FlushLimitStep {
  state: FlushLimit;
  reason: FlushLimitReason;
  /** Flushes that queue in the database, as estimated; 0 where nothing was in flight. */
  queued: number;
  /** Most rows of a chunk until the next step. */
  maxRows: number;
}

/**
 * Flushes that may queue in PostgreSQL, of the square root of what one writer has in flight, for each writer: fewer leave it idle between two, more only wait there. Vegas'
 * alpha and beta, for each flow as in the paper, but half as large, for a flush is work for tens of milliseconds and the writer has the next one at hand; and growing with the
 * root, for the more a database carries at once the more its chances even out (square-root staffing: Halfin and Whitt, "Heavy-Traffic Limits for Queues with Many Exponential
 * Servers", Operations Research 29(3), 1981). Measured: docs/decisions/0011.
 */
const ALPHA = 0.5;
const BETA = 1.25;
/**
 * Rounds after which bases that were not seen again are measured anew, with one flush a writer: else a queue of our own, or a database that
 * became slower, would never be told apart.
 */
const BASE_ROUNDS = 200;
/** A round with so little beyond the bases has seen them again. */
const SEEN_AGAIN = 0.1;
/** Bases that others come within of as they are measured anew are still true. */
const STILL_TRUE = 0.25;
/**
 * Where each flush waited for all others a time would be the base, times those in flight for each writer (with one each the base is measured). What is further beyond it than
 * this, for so many rounds, is no queue of ours: the base is measured anew at once, but not again before so many rounds.
 */
const UNEXPLAINED = 0.25;
const DOUBT_ROUNDS = 3;
const BASE_ROUNDS_LEAST = 15;
/** How much of a faster round the base takes on: one alone can be luck. */
const FASTER_WEIGHT = 0.25;

/** The law's start: the fixed default. */
export function startLimit(limit: number, maxRows: number): FlushLimit {
  return { limit, maxRows, bases: {}, age: BASE_ROUNDS, doubts: 0, measuring: undefined };
}

/**
 * One step of TCP Vegas (Brakmo and Peterson, "TCP Vegas: End to End Congestion Avoidance on a Global Internet", 1995), with the
 * writers as its flows: inFlight * (1 - base / time) flushes queue in the database. Below alpha one more is let in (far below, one more for
 * each writer: a flow grows by one a round), above beta one less. Chunks halve while flushes are slow, and grow back by an
 * eighth. Plain: the same state and sample give the same answer.
 *
 * One state is for the whole fleet. With a state in each flow the shares come out equal but the sum does not hold: each takes the
 * others' queue for its base (simulated on a database that carries 6: two flows 8 in flight on average, three 14-17, four 25).
 */
export function nextLimit(state: FlushLimit, sample: FlushSample, bounds: FlushLimitBounds): FlushLimitStep {
  const { writers, maxLimit } = bounds;
  const within = (limit: number) => Math.max(writers, Math.min(maxLimit, limit));
  const step = (reason: FlushLimitReason, change: Partial<FlushLimit>, queued = 0): FlushLimitStep => {
    const next = { ...state, age: state.age + 1, doubts: 0, ...change };
    const decided = { ...next, limit: within(next.limit), maxRows: nextRows(state.maxRows, sample.classes, bounds) };
    return { state: decided, reason, queued, maxRows: decided.measuring?.rows ?? decided.maxRows };
  };
  if (sample.classes.length === 0) return { state, reason: 'idle', queued: 0, maxRows: state.measuring?.rows ?? state.maxRows };
  const measured = { bases: measuredBases(state.bases, sample.classes), age: 0 };
  if (state.measuring !== undefined) {
    // Flushes of before may still be under way: only a round with one a writer shows the base.
    if (sample.inFlight > writers) return step('measure-base', {});
    return step('base-measured', { ...measured, limit: state.measuring.before, measuring: undefined });
  }
  const known = sample.classes.filter(({ size }) => state.bases[size] !== undefined);
  const wrong = known.length === 0 || state.doubts >= DOUBT_ROUNDS;
  if (state.age >= BASE_ROUNDS || (wrong && state.age >= BASE_ROUNDS_LEAST)) {
    // Where little is asked for the base shows by itself.
    if (sample.inFlight <= writers) return step('base-measured', measured);
    return step('measure-base', { limit: writers, measuring: { before: state.limit, rows: 2 ** usualSize(sample.classes) } });
  }
  if (known.length === 0) return step('unknown', {});
  const bases = lowered(state.bases, known);
  const beyond = mean(known, ({ size, ms }) => 1 - (bases[size] ?? ms) / ms);
  const queued = sample.inFlight * beyond;
  const flows = Math.sqrt(writers * Math.max(writers, sample.inFlight));
  const tooLong = queued > BETA * flows;
  const ours = 1 - writers / Math.max(writers, sample.inFlight);
  const doubts = beyond > ours + UNEXPLAINED ? state.doubts + 1 : 0;
  const kept = { bases, doubts, ...(beyond <= SEEN_AGAIN ? { age: 0 } : {}) };
  // Also where fewer are in flight than may be: those that are may be too many.
  if (tooLong) return step('queue-long', { ...kept, limit: Math.min(state.limit, sample.inFlight) - 1 }, queued);
  if (sample.inFlight < state.limit) return step('idle', kept, queued);
  if (queued < (ALPHA / 2) * flows) return step('queue-short', { ...kept, limit: state.limit + writers }, queued);
  if (queued < ALPHA * flows) return step('queue-short', { ...kept, limit: state.limit + 1 }, queued);
  return step('steady', kept, queued);
}

/**
 * The bases that a round without a queue shows. Those of classes that it lacks are kept where the others come out as they were; else the
 * database has changed, and who could say by how much for them? A longer way adds the same to all, a slower disk multiplies.
 */
function measuredBases(bases: FlushLimit['bases'], classes: readonly FlushClass[]): FlushLimit['bases'] {
  const fresh = Object.fromEntries(classes.map(({ size, ms }) => [size, ms]));
  const seen = classes.filter(({ size }) => bases[size] !== undefined);
  const ratio = mean(seen, ({ size, ms }) => ms / (bases[size] ?? ms));
  return Math.abs(ratio - 1) <= STILL_TRUE ? { ...bases, ...fresh } : fresh;
}

/** The class that most flushes are of: what is measured is what will be compared. */
function usualSize(classes: readonly FlushClass[]): number {
  return classes.reduce((most, one) => (one.flushes > most.flushes ? one : most)).size;
}

function lowered(bases: FlushLimit['bases'], classes: readonly FlushClass[]): FlushLimit['bases'] {
  return { ...bases, ...Object.fromEntries(classes.map(({ size, ms }) => [size, faster(bases[size] ?? ms, ms)])) };
}

function faster(base: number, ms: number): number {
  return ms < base ? base + (ms - base) * FASTER_WEIGHT : base;
}

function nextRows(rows: number, classes: readonly FlushClass[], { slowMs, minRows, maxRows }: FlushLimitBounds): number {
  const next = mean(classes, ({ ms }) => ms) > slowMs ? Math.floor(rows / 2) : rows + Math.ceil(maxRows / 8);
  return Math.min(maxRows, Math.max(minRows, next));
}

/** Mean over all flushes. */
function mean(classes: readonly FlushClass[], of: (one: FlushClass) => number): number {
  const flushes = classes.reduce((sum, one) => sum + one.flushes, 0);
  return flushes === 0 ? 0 : classes.reduce((sum, one) => sum + one.flushes * of(one), 0) / flushes;
}
