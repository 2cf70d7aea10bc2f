import { WriteQueue, type Entry } from '../../../services/batcher/queue.ts';
import { oneOf, seeded, upTo } from '../gateway/body/random-json.ts';

let made = 0;
/** An entry of this many good rows and, beside them, rejects. */
function entry(rows: number, over: Partial<Entry> & { rejects?: number } = {}): Entry {
  const { rejects = 0, ...rest } = over;
  return {
    kind: 'execution', batchId: 'a', slices: [], items: rows + rejects, sliceOf: Array<number>(rows).fill(0), offsetOf: Array.from({ length: rows }, (_, i) => i), columns: {}, bytes: rows * 10,
    requestId: `r${made++}`, enqueuedAt: made, deadlineAt: made + 1_000, handedOverAt: undefined, lost: false, settled: false, done: () => undefined, failed: () => undefined, ...rest,
  };
}
const filled = (...entries: Entry[]) => {
  const queue = new WriteQueue();
  for (const one of entries) queue.push(one);
  return queue;
};
const figures = (queue: WriteQueue) => ({ length: queue.length, items: queue.items, bytes: queue.bytes, oldestAt: queue.oldestAt() });
const EMPTY = { length: 0, items: 0, bytes: 0, oldestAt: undefined };

test('first in, first out: a chunk takes from the front what fits by rows', () => {
  const [a, b, c] = [entry(4), entry(4), entry(4)];
  const queue = filled(a, b, c);
  expect(queue.takeChunk(8, 1_000)).toEqual([a, b]);
  expect(figures(queue)).toEqual({ length: 1, items: 4, bytes: 40, oldestAt: c.enqueuedAt });
  expect(queue.takeChunk(8, 1_000)).toEqual([c]);
  expect(figures(queue)).toEqual(EMPTY);
});

test('a chunk stays within its bytes', () => {
  const [a, b] = [entry(1, { bytes: 60 }), entry(1, { bytes: 41 })];
  expect(filled(a, b).takeChunk(10, 100)).toEqual([a]);
  expect(filled(a, b).takeChunk(10, 101)).toEqual([a, b]);
});

test('a chunk is of one kind, and nobody is overtaken for it', () => {
  const [a, note, c] = [entry(1), entry(1, { kind: 'note' }), entry(1)];
  const queue = filled(a, note, c);
  expect([queue.takeChunk(10, 1_000), queue.takeChunk(10, 1_000), queue.takeChunk(10, 1_000)]).toEqual([[a], [note], [c]]);
});

test('an entry larger than any chunk is taken alone, so that it never stops the queue', () => {
  const [huge, next] = [entry(50), entry(1)];
  const queue = filled(huge, next);
  expect(queue.takeChunk(10, 10)).toEqual([huge]);
  expect(queue.takeChunk(10, 10)).toEqual([next]);
});

test('rows count for the chunk, items for the queue: rejects take no room in a flush', () => {
  const [a, b] = [entry(2, { rejects: 8 }), entry(2, { rejects: 8 })];
  const queue = filled(a, b);
  expect(queue.items).toBe(20);
  expect(queue.takeChunk(4, 1_000)).toEqual([a, b]);
});

test('what comes back from a writer goes to the front, in its order', () => {
  const [a, b, c] = [entry(1), entry(1), entry(1)];
  const queue = filled(a, b, c);
  queue.pushFront(queue.takeChunk(2, 1_000));
  expect(figures(queue)).toEqual({ length: 3, items: 3, bytes: 30, oldestAt: a.enqueuedAt });
  expect(queue.takeChunk(3, 1_000)).toEqual([a, b, c]);
});

test('dropping a batch takes all of it and nothing else', () => {
  const [a, b, c, d] = [entry(1), entry(2, { batchId: 'b' }), entry(3), entry(4, { batchId: 'b' })];
  const queue = filled(a, b, c, d);
  expect(queue.drop('b')).toEqual([b, d]);
  expect(queue.drop('b')).toEqual([]);
  expect(figures(queue)).toEqual({ length: 2, items: 4, bytes: 40, oldestAt: a.enqueuedAt });
  expect(queue.takeChunk(10, 1_000)).toEqual([a, c]);
});

test('nothing to take from an empty queue', () => {
  expect(filled().takeChunk(10, 10)).toEqual([]);
  expect(filled().drop('a')).toEqual([]);
  expect(figures(filled())).toEqual(EMPTY);
});

test('20,000 random steps: nothing is lost, doubled or overtaken, and the counts are those of what waits', () => {
  const random = seeded(41);
  const queue = filled();
  let model: Entry[] = [];
  let taken: Entry[] = [];
  for (let step = 0; step < 20_000; step++) {
    const dice = random();
    // Phases of growth and of emptying, so that the queue also lets go of a long row of taken entries.
    if (dice < (step % 8_000 < 4_000 ? 0.75 : 0.2)) {
      const one = entry(upTo(random, 4), { rejects: upTo(random, 2), kind: random() < 0.9 ? 'execution' : 'note', batchId: oneOf(random, ['a', 'b', 'c']) });
      queue.push(one);
      model.push(one);
    } else if (dice < 0.95) {
      const [maxRows, maxBytes] = [1 + upTo(random, 6), 10 + upTo(random, 60)];
      taken = queue.takeChunk(maxRows, maxBytes);
      expect(taken.map((e) => e.requestId)).toEqual(model.slice(0, taken.length).map((e) => e.requestId));
      expect(taken.length > 0).toBe(model.length > 0);
      const rows = taken.reduce((n, e) => n + e.offsetOf.length, 0);
      expect(taken.length <= 1 || (rows <= maxRows && rows * 10 <= maxBytes && new Set(taken.map((e) => e.kind)).size === 1)).toBe(true);
      model = model.slice(taken.length);
    } else if (dice < 0.98) {
      queue.pushFront(taken);
      model = [...taken, ...model];
      taken = [];
    } else if (dice < 0.981) {
      expect(queue.drop('b')).toHaveLength(model.filter((e) => e.batchId === 'b').length);
      model = model.filter((e) => e.batchId !== 'b');
    }
    const sum = (of: (e: Entry) => number) => model.reduce((n, e) => n + of(e), 0);
    if (step % 50 === 0) expect(figures(queue)).toEqual({ length: model.length, items: sum((e) => e.items), bytes: sum((e) => e.bytes), oldestAt: model[0]?.enqueuedAt });
  }
});
