import { gapsBetween } from '../../../../services/batcher/large/write-missing.ts';

test('what lies between the parts is missing; the parts are counted', () => {
  expect(gapsBetween(10, 50, [[15, 5, 4], [20, 10, 10]])).toEqual({ missing: [[10, 15], [30, 50]], written: 14, rejected: 1 });
  expect(gapsBetween(0, 5, [[0, 5, 0]])).toEqual({ missing: [], written: 0, rejected: 5 });
  expect(gapsBetween(0, 5, [])).toEqual({ missing: [[0, 5]], written: 0, rejected: 0 });
});
