import { POOL_STATES, type PoolState } from '../../shared/contracts/pools.ts';

/** What is remembered of a pool from one sample to the next. */
export interface PoolJudgement {
  state: PoolState;
  /** Samples in a row that say something better than the state. */
  calm: number;
}

const WARNING_FROM = 0.75;
const CRITICAL_FROM = 0.9;
/** A state is left only when the pool is this much below the state's bound ... */
const MARGIN = 0.05;
/** ... for so many samples in a row. */
const CALM_SAMPLES = 2;

/**
 * Judges a sample of a pool: WARNING from 0.75, CRITICAL from 0.90 while somebody waits. It gets worse at once, and better only
 * after two samples in a row that are below the bound by 0.05, so that a pool about a bound does not flicker.
 */
export function judgePool(before: PoolJudgement | undefined, sample: { utilization: number; waiting: number }): PoolJudgement {
  const state = before?.state ?? 'HEALTHY';
  if (worse(stateOf(sample, 0), state)) return { state: stateOf(sample, 0), calm: 0 };
  const better = stateOf(sample, MARGIN);
  if (!worse(state, better)) return { state, calm: 0 };
  const calm = (before?.calm ?? 0) + 1;
  return calm < CALM_SAMPLES ? { state, calm } : { state: better, calm: 0 };
}

/** The worst of these. */
export function worstState(states: readonly PoolState[]): PoolState {
  return states.reduce((worst, state) => (worse(state, worst) ? state : worst), 'HEALTHY');
}

/** The place of a state among all, as a figure: 0 HEALTHY, 1 WARNING, 2 CRITICAL. */
export function stateFigure(state: PoolState): number {
  return POOL_STATES.indexOf(state);
}

function stateOf({ utilization, waiting }: { utilization: number; waiting: number }, margin: number): PoolState {
  if (utilization >= CRITICAL_FROM - margin && waiting > 0) return 'CRITICAL';
  return utilization >= WARNING_FROM - margin ? 'WARNING' : 'HEALTHY';
}

function worse(one: PoolState, other: PoolState): boolean {
  return stateFigure(one) > stateFigure(other);
}
