import { afterFailure, isWorthAgain } from '../../../shared/batches/end-attempt.ts';

const again = { delivery: 'at-least-once', retries: { firstPauseMs: 100, factor: 2, longestPauseMs: 350 } } as const;
const once = { delivery: 'at-most-once' } as const;

test('pauses grow by their factor up to the longest; after the last try the item has failed', () => {
  expect([1, 2, 3, 4].map((attempt) => afterFailure(again, 'SYSTEM_ERROR', attempt, 3, 0))).toEqual([{ state: 'waiting', pauseMs: 100 }, { state: 'waiting', pauseMs: 200 }, { state: 'waiting', pauseMs: 350 }, { state: 'failed' }]);
});

test('pauses differ, so that items that failed together do not come again together', () => {
  expect(afterFailure(again, 'SYSTEM_ERROR', 1, 3, 0.5)).toEqual({ state: 'waiting', pauseMs: 90 });
});

test('what is not worth another try, or may be called once only, has failed at the first', () => {
  expect(afterFailure(again, 'ITEM_ERROR', 1, 3, 0)).toEqual({ state: 'failed' });
  expect(afterFailure(once, 'RESOURCE_ERROR', 1, 3, 0)).toEqual({ state: 'failed' });
});

test('only what lies in the item is not worth another try', () => {
  expect((['EXECUTION_ERROR', 'RESOURCE_ERROR', 'ITEM_ERROR', 'SYSTEM_ERROR', 'TIMEOUT_ERROR'] as const).filter((c) => !isWorthAgain(c))).toEqual(['ITEM_ERROR']);
});
