import { shareOut } from '../../../services/pool-monitor/share-out.ts';

const of = (...most: number[]) => most.map((one, i) => ({ nodeId: `w${i}`, most: one }));

test.each([
  [5, of(4, 4), { w0: 3, w1: 2 }],
  [6, of(8, 2), { w0: 4, w1: 2 }],
  [99, of(3, 2), { w0: 3, w1: 2 }],
  [1, of(4, 4, 4), { w0: 1, w1: 1, w2: 1 }],
  [3, of(), {}],
])('%i flushes among %j: equally, at least one each, none more than a writer runs at most', (limit, writers, shares) => {
  expect(shareOut(limit, writers)).toEqual(shares);
});
