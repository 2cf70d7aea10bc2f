import { LaneQueue } from '../../../../services/batcher/large/lane-queue.ts';
import type { Entry } from '../../../../services/batcher/queue.ts';
import type { Lane } from '../../../../shared/contracts/large.ts';

let made = 0;
const entry = (batchId: string, lane: Lane, rows = 500): Entry => ({
  kind: 'execution', lane, batchId, slices: [], items: rows, sliceOf: Array<number>(rows).fill(0), offsetOf: Array.from({ length: rows }, (_, i) => i), columns: {}, bytes: rows * 100,
  requestId: `r${made++}`, enqueuedAt: 0, deadlineAt: 0, handedOverAt: undefined, lost: false, settled: false, done: () => undefined, failed: () => undefined,
});
/** A queue in which every batch always has work; answers whose turn it was, `turns` times. */
function turns(batches: Record<string, Lane>, count: number): string[] {
  const queue = new LaneQueue({ high: 6, normal: 3, low: 1 });
  for (const [id, lane] of Object.entries(batches)) queue.push(entry(id, lane));
  return Array.from({ length: count }, () => {
    const [taken] = queue.takeChunk(500, 1e6);
    queue.push(entry(taken?.batchId ?? '', taken?.lane ?? 'low'));
    return taken?.batchId ?? '';
  });
}
const share = (list: string[], of: string) => list.filter((x) => x === of).length / list.length;

test('F43 lanes take turns by weight, and low is never starved', () => {
  const list = turns({ h: 'high', n: 'normal', l: 'low' }, 1_000);
  expect([share(list, 'h'), share(list, 'n'), share(list, 'l')]).toEqual([0.6, 0.3, 0.1]);
  // Spread, not in blocks: low waits at most one round.
  expect(Math.max(...list.join('').split('l').map((gap) => gap.length))).toBeLessThanOrEqual(10);
});

test('weights that are changed while batches wait hold from the next turn', () => {
  const weights = { high: 6, normal: 3, low: 1 };
  const queue = new LaneQueue(weights);
  const turn = () => {
    const [taken] = queue.takeChunk(500, 1e6);
    queue.push(entry(taken?.batchId ?? '', taken?.lane ?? 'low'));
    return taken?.batchId ?? '';
  };
  queue.push(entry('h', 'high'));
  queue.push(entry('l', 'low'));
  expect(share(Array.from({ length: 700 }, turn), 'l')).toBeCloseTo(1 / 7, 2);
  Object.assign(weights, { high: 1, low: 9 });
  expect(share(Array.from({ length: 1_000 }, turn), 'l')).toBeCloseTo(0.9, 2);
});

test('the batches of a lane take turns', () => {
  const list = turns({ a: 'normal', b: 'normal', c: 'normal' }, 9);
  expect(list).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c']);
});

test('a lane that was empty has saved up no turns', () => {
  const queue = new LaneQueue({ high: 6, normal: 3, low: 1 });
  for (let i = 0; i < 50; i++) {
    queue.push(entry('l', 'low'));
    expect(queue.takeChunk(500, 1e6)[0]?.batchId).toBe('l');
  }
  queue.push(entry('l', 'low'));
  queue.push(entry('h', 'high'));
  expect(queue.takeChunk(500, 1e6)[0]?.batchId).toBe('h');
});

test('a chunk is of one batch, in its order, within rows and bytes', () => {
  const queue = new LaneQueue({ high: 6, normal: 3, low: 1 });
  const [a, b, c] = [entry('a', 'normal', 400), entry('a', 'normal', 400), entry('a', 'normal', 400)];
  for (const one of [a, entry('other', 'normal'), b, c]) queue.push(one);
  expect(queue.takeChunk(800, 1e6)).toEqual([a, b]);
  expect(queue.takeChunk(800, 1e6)[0]?.batchId).toBe('other');
  expect(queue.takeChunk(10, 10)).toEqual([c]);
  expect([queue.length, queue.items]).toEqual([0, 0]);
  expect(queue.takeChunk(10, 10)).toEqual([]);
});

test('what comes back goes to the front of its batch; what nobody waits for is left out', () => {
  const queue = new LaneQueue({ high: 6, normal: 3, low: 1 });
  const [a, b, c] = [entry('a', 'high'), entry('a', 'high'), entry('a', 'high')];
  for (const one of [a, b, c]) queue.push(one);
  queue.pushFront(queue.takeChunk(1_000, 1e6));
  expect([queue.length, queue.items]).toEqual([3, 1_500]);
  a.settled = true;
  expect(queue.takeChunk(5_000, 1e6)).toEqual([b, c]);
  expect([queue.length, queue.items]).toEqual([0, 0]);
});
