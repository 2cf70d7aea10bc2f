import { MEASURES, type Baseline, type Figures, type GuardOutcome, type Measure, type Progress, type Round } from '../../../shared/contracts/guards.ts';

/** Rounds running that must be worse by the same measure. One stall, or one burst, is one round. */
export const WORSE_ROUNDS = 3;
/** With fewer rounds, before the change or after it, there is no verdict. */
export const LEAST_ROUNDS = 3;
/** Errors, as a share of the answers, that are worse than before by less than this are none of the change's doing. */
const ERRORS_MARGIN = 0.02;
/** A 99th percentile below is never worse. */
const P99_FLOOR_MS = 50;
/** The histogram's bounds lie 2 to 2.5 apart: a bound beyond this factor is two bounds on, so that the percentile itself has more than doubled. */
const P99_FACTOR = 2.5;
const WAIT_FACTOR = 2;
const WAIT_MARGIN_MS = 20;

/** Whether a figure is worse than before the change, by more than chance and a busy minute bring. */
export function isWorse(measure: Measure, after: Figures, before: Figures): boolean {
  switch (measure) {
    case 'errors':
      return after.errors > before.errors + ERRORS_MARGIN;
    case 'p99':
      return after.p99 > P99_FLOOR_MS && after.p99 > before.p99 * P99_FACTOR;
    case 'poolWait':
      return after.poolWait > before.poolWait * WAIT_FACTOR + WAIT_MARGIN_MS;
  }
}

/** Takes one more round into account. Where too little is known of the time before, none is worse. */
export function progressed({ rounds, requests, worse }: Progress, round: Round, before: Baseline): Progress {
  const comparable = before.rounds >= LEAST_ROUNDS;
  const running = (measure: Measure) => (comparable && isWorse(measure, round, before) ? worse[measure] + 1 : 0);
  return {
    rounds: rounds + 1, requests: requests + round.requests,
    worse: { errors: running('errors'), p99: running('p99'), poolWait: running('poolWait') },
    last: { errors: round.errors, p99: round.p99, poolWait: round.poolWait },
  };
}

/**
 * What is to become of a change.
 * @param over whether its time is over
 * @returns how its guard ends and why, in words for people; undefined while it goes on
 */
export function verdict(before: Baseline, after: Progress, over: boolean): { outcome: Exclude<GuardOutcome, 'changed-again'>; reason: string } | undefined {
  const worse = MEASURES.filter((measure) => after.worse[measure] >= WORSE_ROUNDS);
  if (worse.length > 0 && after.last !== null) {
    const { last } = after;
    return { outcome: 'reverted', reason: `worse in ${WORSE_ROUNDS} rounds running: ${worse.map((measure) => `${NAMES[measure]} ${shown(measure, last[measure])}, before the change ${shown(measure, before[measure])}`).join('; ')}` };
  }
  if (!over) return undefined;
  if (before.rounds < LEAST_ROUNDS) return { outcome: 'no-verdict', reason: `too few requests before the change to compare with (${before.requests}); it stands` };
  if (after.rounds < LEAST_ROUNDS) return { outcome: 'no-verdict', reason: `too few requests since the change to say anything (${after.requests}); it stands` };
  return { outcome: 'held', reason: `not worse over ${after.requests} requests; it stands` };
}

const NAMES: Record<Measure, string> = { errors: 'errors', p99: 'p99', poolWait: 'wait for a connection' };

function shown(measure: Measure, figure: number): string {
  if (measure === 'errors') return `${(figure * 100).toFixed(1)} %`;
  return measure === 'p99' ? `up to ${figure} ms` : `${figure.toFixed(1)} ms`;
}
