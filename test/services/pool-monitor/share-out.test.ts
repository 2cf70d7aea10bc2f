import { shareOut } from '../../../services/pool-monitor/share-out.ts';

const edges = (...wanting: boolean[]) => wanting.map((is, i) => ({ edge: `e${i}`, wanting: is }));

test.each<[number, boolean[], number[]]>([
  [4, [true], [4]],
  [4, [true, false], [4, 1]],
  [5, [true, true], [3, 2]],
  [7, [false, false, false], [3, 2, 2]],
  [1, [true, true, false], [1, 1, 1]],
  [3, [false, true, false, true], [1, 2, 1, 1]],
  [0, [true, false], [1, 1]],
])('%i flushes among edges that want more or not (%j): %j', (limit, wanting, shares) => {
  expect(Object.values(shareOut(limit, edges(...wanting)))).toEqual(shares);
});
