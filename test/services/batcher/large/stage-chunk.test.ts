import { refusedItems, stageChunk, stagedItems } from '../../../../services/batcher/large/stage-chunk.ts';
import type { ValidatedItems } from '../../../../services/batcher/validate-items.ts';

/** Items 1,000 to 1,004 of a batch; 1,001 and 1,003 are refused, the latter for two reasons. */
const ITEMS: ValidatedItems = {
  total: 5, good: [0, 2, 4], columns: { a: ['p', 'q', 'r'], b: [null, '2', '3'] }, bytes: 30,
  rejects: [[1, 'x', '/a', 'no'], [3, 'x', '/a', 'no'], [3, 'y', '/b', 'no']],
};

test('a whole segment comes back from its chunk as it was', () => {
  const chunk = stageChunk(ITEMS, 1_000, 1_000, 1_005);
  expect(chunk).toMatchObject({ first: 1_000, span: 5, rejected: 2 });
  expect(stagedItems(chunk.body, 5)).toEqual(ITEMS);
});

test('a part of a segment has its own items alone, counted from its own start', () => {
  const chunk = stageChunk(ITEMS, 1_000, 1_002, 1_004);
  expect(chunk).toMatchObject({ first: 1_002, span: 2, rejected: 1 });
  expect(stagedItems(chunk.body, 2)).toMatchObject({ total: 2, good: [0], columns: { a: ['q'], b: ['2'] }, rejects: [[1, 'x', '/a', 'no'], [1, 'y', '/b', 'no']] });
});

test.each([['{"total":5}'], ['not JSON'], [stageChunk(ITEMS, 0, 0, 4).body]])('a body that is not the chunk\'s is an error, not other items: %s', (body) => {
  expect(() => stagedItems(body, 5)).toThrow();
});

test('what cannot be carried out is refused item by item, beside what was refused before', () => {
  const { good, total, rejects } = refusedItems(3, [[1, 'x', '/a', 'no']]);
  expect({ good, total, told: rejects.map(([index, code]) => [index, code]) }).toEqual({ good: [], total: 3, told: [[0, 'SYSTEM_ERROR'], [1, 'x'], [2, 'SYSTEM_ERROR']] });
});
