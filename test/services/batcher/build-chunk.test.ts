import { buildChunk } from '../../../services/batcher/build-chunk.ts';
import type { Entry } from '../../../services/batcher/queue.ts';

/** An entry of one slice with these values in its column; without values it has refused items alone, and no columns. */
function entry(batchId: string, values: string[]): Entry {
  const slice = { batchId, epoch: 0, sole: true, client: 'c', requested: 1, firstIndex: 0, span: Math.max(1, values.length), firstId: 1, shard: 0, rejects: [], receivedAt: '', trace: '' };
  return {
    kind: 'note', batchId, slices: [slice], items: slice.span, sliceOf: values.map(() => 0), offsetOf: values.map((_, i) => i), columns: values.length === 0 ? {} : { text: values },
    bytes: 1, requestId: batchId, enqueuedAt: 0, deadlineAt: 1, handedOverAt: undefined, lost: false, settled: false, done: () => undefined, failed: () => undefined,
  };
}

test('rows of several requests lie in one chunk in the order of their batches, each with its slice', () => {
  const { chunk, entries } = buildChunk([entry('b', ['3', '4']), entry('a', ['1', '2'])]);
  expect(entries.map((e) => e.batchId)).toEqual(['a', 'b']);
  expect(chunk).toMatchObject({ sliceOf: [0, 0, 1, 1], offsetOf: [0, 1, 0, 1], columns: { text: ['1', '2', '3', '4'] } });
});

test('an entry that has refused items alone joins others, before and behind them', () => {
  for (const name of ['a', 'z']) {
    const { chunk } = buildChunk([entry(name, []), entry('m', ['1', '2'])]);
    const of = name === 'a' ? 1 : 0;
    expect(chunk).toMatchObject({ sliceOf: [of, of], offsetOf: [0, 1], columns: { text: ['1', '2'] } });
    expect(chunk.slices).toHaveLength(2);
  }
});

test('alone, a request is its own chunk, without a copy', () => {
  const lone = entry('a', ['1']);
  expect(buildChunk([lone]).chunk.columns).toBe(lone.columns);
});
