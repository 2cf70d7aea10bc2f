import { shareOf, takeUp } from '../../../../services/batcher/process/decide-end.ts';

const again = { delivery: 'at-least-once', retries: { firstPauseMs: 100, factor: 2, longestPauseMs: 350 } } as const;
const once = { delivery: 'at-most-once' } as const;

test('an item found started is called again with the same number, refused where it may be called once only, or its answer waited for where it was handed out', () => {
  const started = { state: 'started', attempt: 2, waitMs: 0 } as const;
  expect(takeUp(again, started)).toEqual({ todo: 'attempt', attempt: 2, waitMs: 0 });
  expect(takeUp(once, started)).toEqual({ todo: 'refuse', attempt: 2 });
  expect(takeUp({ ...again, elsewhere: { topicSetting: 'itemsTopic' } }, started)).toEqual({ todo: 'await', attempt: 2 });
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
