import type { PoolSample } from '../../../shared/contracts/pools.ts';
import { PoolHistoryKeeper } from '../../../services/pool-monitor/pool-history.ts';

const HOUR_S = 3_600;
const HOUR_MS = 3_600_000;
const sample = (node: string, active: number): PoolSample => ({ node, services: ['writer'], active, idle: 1, waiting: 2, waitingLong: 0, max: 4, utilization: active / 4, longest: null, heldTooLong: [] });

test('the course is told column by column, with null where a node was not there', () => {
  const history = new PoolHistoryKeeper();
  history.add(100, 'HEALTHY', 9, [sample('a', 1)]);
  history.add(105, 'WARNING', null, [sample('a', 3), sample('b', 0)]);
  expect(history.since(106, HOUR_MS)).toEqual({
    at: [100, 105], state: ['HEALTHY', 'WARNING'], connections: [9, null],
    pools: [{ node: 'a', active: [1, 3], waiting: [2, 2], max: [4, 4] }, { node: 'b', active: [null, 0], waiting: [null, 2], max: [null, 4] }],
  });
  expect(history.since(106, 3_000).at).toEqual([105]);
});

test('of a day that is sampled ten times a second an hour is kept, a point each five seconds', () => {
  const history = new PoolHistoryKeeper();
  for (let tenth = 0; tenth < 2 * HOUR_S * 10; tenth++) history.add(tenth / 10, 'HEALTHY', 1, [sample('a', 1)]);
  const { at } = history.since(2 * HOUR_S, 10 * HOUR_MS);
  expect(at.length).toBeGreaterThan(600);
  expect(at.length).toBeLessThanOrEqual(720);
  expect(at[0]).toBeGreaterThanOrEqual(HOUR_S - 5);
});

test('an hour of a hundred nodes fits one message of NATS, and of more only a hundred are told', () => {
  const history = new PoolHistoryKeeper();
  const fleet = Array.from({ length: 150 }, (_, i) => sample(`writer-${String(i).padStart(30, '0')}`, 4));
  for (let s = 0; s < HOUR_S; s += 5) history.add(1_800_000_000 + s, 'HEALTHY', 100, fleet);
  const told = history.since(1_800_000_000 + HOUR_S, HOUR_MS);
  expect(told.pools).toHaveLength(100);
  expect(JSON.stringify(told).length).toBeLessThan(900_000);
});

test('after a clock was set back the course begins anew', () => {
  const history = new PoolHistoryKeeper();
  history.add(5_000, 'HEALTHY', 1, []);
  history.add(1_000, 'HEALTHY', 1, []);
  history.add(1_005, 'HEALTHY', 1, []);
  expect(history.since(1_006, HOUR_MS).at).toEqual([1_000, 1_005]);
});
