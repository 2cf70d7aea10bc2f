/** What a node has answered since it started, and how its pool did; counts that only ever grow. */
export interface AnswerCounts {
  node: string;
  /** Answers to requests for records that a client waits for: no uploads, streams, health. */
  requests: number;
  /** Of them those with a status from 500: failed, withdrawn, or refused for load. */
  errors: number;
  /** Of them those that took at most so many ms, by bound, ascending. */
  within: { ms: number; requests: number }[];
  /** Connections taken of the pool, and the ms that was waited for them in all. */
  taken: number;
  waitedMs: number;
}

/** The measures that a guard goes by. */
export const MEASURES = ['errors', 'p99', 'poolWait'] as const;
export type Measure = (typeof MEASURES)[number];

/** Figures of some requests: errors as a share of them; the 99th percentile as a bound of the histogram, and the mean wait for a connection, in ms. */
export type Figures = Record<Measure, number>;

/** What the fleet answered in a stretch of time with enough requests to say anything. */
export interface Round extends Figures {
  requests: number;
  /** When it began; monotonic ms of the node that measured. */
  beganAt: number;
}

/** How the fleet did before a change: figures that only one of ten rounds was worse than. */
export interface Baseline extends Figures {
  rounds: number;
  requests: number;
}

/** How far a guard has got since its change. */
export interface Progress {
  rounds: number;
  requests: number;
  /** Rounds running, up to the newest, that were worse, by measure. */
  worse: Record<Measure, number>;
  /** Of the newest round. */
  last: Figures | null;
}

/** Of a guard that has just begun. */
export const NO_PROGRESS: Progress = { rounds: 0, requests: 0, worse: { errors: 0, p99: 0, poolWait: 0 }, last: null };

/** How a guard ended: the change stands, it was taken back, nobody can say, or somebody changed the setting again. */
export const GUARD_OUTCOMES = ['held', 'reverted', 'no-verdict', 'changed-again'] as const;
export type GuardOutcome = (typeof GUARD_OUTCOMES)[number];

/** A guard as the history of settings shows it. */
export interface ShownGuard {
  until: string;
  /** Null while it watches. */
  outcome: GuardOutcome | null;
  reason: string | null;
  before: Baseline;
  after: Progress;
}
