import { afterFailure, shareOf, takeUp } from '../../../../services/batcher/process/decide-end.ts';

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

test('an item found started is called again with the same number, or refused where it may be called once only', () => {
  const started = { state: 'started', attempt: 2, waitMs: 0 } as const;
  expect(takeUp(again, started)).toEqual({ todo: 'attempt', attempt: 2, waitMs: 0 });
  expect(takeUp(once, started)).toEqual({ todo: 'refuse', attempt: 2 });
});

test('an item that has ended is left alone, one that waits goes on when it is due; a clock that jumped keeps none for ever', () => {
  expect([takeUp(again, { state: 'done', attempt: 1, waitMs: 0 }), takeUp(once, { state: 'failed', attempt: 1, waitMs: 0 })]).toEqual([{ todo: 'nothing' }, { todo: 'nothing' }]);
  expect(takeUp(again, { state: 'waiting', attempt: 1, waitMs: 300 })).toEqual({ todo: 'attempt', attempt: 2, waitMs: 300 });
  expect(takeUp(again, { state: 'waiting', attempt: 1, waitMs: 3_600_000 })).toEqual({ todo: 'attempt', attempt: 2, waitMs: 0 });
});

test('the shares of all nodes are the parallelism, whatever it is', () => {
  const nodes = ['c', 'a', 'b'];
  for (const parallelism of [1, 2, 3, 5, 64]) expect(nodes.reduce((sum, node) => sum + shareOf(parallelism, nodes, node), 0)).toBe(parallelism);
  expect(nodes.map((node) => shareOf(5, nodes, node))).toEqual([1, 2, 2]);
  expect(shareOf(5, nodes, 'd')).toBe(0);
});
