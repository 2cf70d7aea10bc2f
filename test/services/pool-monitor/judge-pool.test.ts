import type { PoolState } from '../../../shared/contracts/pools.ts';
import { judgePool, worstState, type PoolJudgement } from '../../../services/pool-monitor/judge-pool.ts';

/** The states that these samples make, one after the other; each is utilization and waiters. */
function play(samples: readonly (readonly [utilization: number, waiting: number])[]): PoolState[] {
  let judged: PoolJudgement | undefined;
  return samples.map(([utilization, waiting]) => {
    judged = judgePool(judged, { utilization, waiting });
    return judged.state;
  });
}

test('below three quarters a pool is healthy, also while it idles, and with somebody who waits for a moment', () => {
  expect(play([[0, 0], [0.74, 0], [0.5, 2]])).toEqual(['HEALTHY', 'HEALTHY', 'HEALTHY']);
});

test('it is WARNING from 0.75, and CRITICAL from 0.90 only while somebody waits', () => {
  expect(play([[0.75, 0]])).toEqual(['WARNING']);
  expect(play([[1, 0]])).toEqual(['WARNING']);
  expect(play([[0.9, 1]])).toEqual(['CRITICAL']);
});

test('it gets worse at once, from any state', () => {
  expect(play([[0.5, 0], [0.95, 4], [0.8, 0], [0.95, 1]])).toEqual(['HEALTHY', 'CRITICAL', 'CRITICAL', 'CRITICAL']);
});

test('it gets better after two samples in a row, to the state that the second one has', () => {
  expect(play([[1, 3], [0.8, 0], [0.8, 0]])).toEqual(['CRITICAL', 'CRITICAL', 'WARNING']);
  expect(play([[1, 3], [0.1, 0], [0.1, 0]])).toEqual(['CRITICAL', 'CRITICAL', 'HEALTHY']);
});

test('about a bound it does not flicker: better is 0.05 below it', () => {
  expect(play([[0.76, 0], [0.74, 0], [0.76, 0], [0.73, 0], [0.71, 0], [0.72, 0]])).toEqual(Array(6).fill('WARNING'));
  expect(play([[0.91, 1], [0.88, 1], [0.86, 1], [0.87, 1]])).toEqual(Array(4).fill('CRITICAL'));
  expect(play([[0.76, 0], [0.69, 0], [0.74, 0], [0.69, 0], [0.69, 0]])).toEqual(['WARNING', 'WARNING', 'WARNING', 'WARNING', 'HEALTHY']);
});

test('of many states the worst counts', () => {
  expect(worstState([])).toBe('HEALTHY');
  expect(worstState(['HEALTHY', 'CRITICAL', 'WARNING'])).toBe('CRITICAL');
  expect(worstState(['WARNING', 'HEALTHY'])).toBe('WARNING');
});
