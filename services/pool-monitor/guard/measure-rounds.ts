import type { AnswerCounts, Baseline, Round } from '../../../shared/contracts/guards.ts';

/** With fewer requests nothing is said of a stretch of time: it goes on until there are as many. */
export const LEAST_REQUESTS = 50;
/** So far back goes what a change is compared with. */
const KEPT_MS = 300_000;
const MOST_ROUNDS = 120;
const PERCENTILE = 0.99;
/** Share of the rounds before a change whose figures the baseline lets be worse: a stall is not how the fleet does. */
const OUTLIERS = 0.1;

/** Counts of what came between two looks. */
type Between = Omit<AnswerCounts, 'node'>;

/** Makes rounds of the counts that the nodes tell, and keeps the latest ones. */
export class RoundMeter {
  #before = new Map<string, AnswerCounts>();
  #open: { between: Between; beganAt: number } | undefined;
  #lookedAt: number | undefined;
  #rounds: Round[] = [];

  /**
   * Takes what the nodes tell; `now` in monotonic ms. Of a node that is new, or that was started again, what it counted before is left
   * out or taken from nothing; one that does not answer is made up for when it does.
   * @returns the round that is over now, if one is
   */
  take(told: readonly AnswerCounts[], now: number): Round | undefined {
    const came = told.flatMap((counts) => {
      const before = this.#before.get(counts.node);
      this.#before.set(counts.node, counts);
      return before === undefined ? [] : [difference(counts, before)];
    });
    const beganAt = this.#open?.beganAt ?? this.#lookedAt ?? now;
    this.#lookedAt = now;
    const between = came.reduce(add, this.#open?.between ?? NOTHING);
    if (between.requests < LEAST_REQUESTS) {
      this.#open = { between, beganAt };
      return undefined;
    }
    this.#open = undefined;
    const round: Round = { beganAt, requests: between.requests, errors: between.errors / between.requests, p99: percentileOf(between), poolWait: between.taken === 0 ? 0 : between.waitedMs / between.taken };
    this.#rounds = [...this.#rounds.filter(({ beganAt: at }) => now - at <= KEPT_MS), round].slice(-MOST_ROUNDS);
    return round;
  }

  /** What a change at this moment is compared with; `now` in monotonic ms. */
  baseline(now: number): Baseline {
    return baselineOf(this.#rounds.filter(({ beganAt }) => now - beganAt <= KEPT_MS));
  }

  /** Ends the round that goes on: what came before a change is not to be mixed with what comes after it. */
  cut(): void {
    this.#open = undefined;
  }

  /** Leaves out what was measured since an instant, in monotonic ms: it says nothing of how the fleet does once the cause is gone. */
  dropSince(at: number): void {
    this.#rounds = this.#rounds.filter(({ beganAt }) => beganAt < at);
    this.#open = undefined;
  }

  /** Another node measures now. */
  forget(): void {
    this.#before = new Map();
    this.#open = undefined;
    this.#lookedAt = undefined;
    this.#rounds = [];
  }
}

/** Of each measure the figure that only one round of ten was worse than; of fewer than ten rounds the worst. */
export function baselineOf(rounds: readonly Round[]): Baseline {
  const figure = (of: (round: Round) => number) => rounds.map(of).sort((a, b) => b - a)[Math.floor(rounds.length * OUTLIERS)] ?? 0;
  return { rounds: rounds.length, requests: rounds.reduce((sum, { requests }) => sum + requests, 0), errors: figure((r) => r.errors), p99: figure((r) => r.p99), poolWait: figure((r) => r.poolWait) };
}

const NOTHING: Between = { requests: 0, errors: 0, within: [], taken: 0, waitedMs: 0 };

function difference(now: AnswerCounts, before: AnswerCounts): Between {
  // Counts that have shrunk are those of a node that was started again.
  const from = now.requests < before.requests || now.taken < before.taken ? NOTHING : before;
  return {
    requests: now.requests - from.requests, errors: now.errors - from.errors, taken: now.taken - from.taken, waitedMs: now.waitedMs - from.waitedMs,
    within: now.within.map(({ ms, requests }) => ({ ms, requests: requests - (from.within.find((bound) => bound.ms === ms)?.requests ?? 0) })),
  };
}

function add(a: Between, b: Between): Between {
  const bounds = a.within.length === 0 ? b.within : a.within;
  return {
    requests: a.requests + b.requests, errors: a.errors + b.errors, taken: a.taken + b.taken, waitedMs: a.waitedMs + b.waitedMs,
    within: bounds.map(({ ms }) => ({ ms, requests: at(a, ms) + at(b, ms) })),
  };
}

function at({ within }: Between, ms: number): number {
  return within.find((bound) => bound.ms === ms)?.requests ?? 0;
}

/** The least bound that 99 of 100 requests are within; where they are within none, twice the last. */
function percentileOf({ within, requests }: Between): number {
  return within.find((bound) => bound.requests >= requests * PERCENTILE)?.ms ?? 2 * (within.at(-1)?.ms ?? 0);
}
