import { assignIds, cutRanges, idsNeeded } from '../../../services/batcher/cut-slices.ts';
import type { IdRun } from '../../../services/batcher/id-blocks.ts';
import type { Reject } from '../../../shared/contracts/slices.ts';
import { shardOf } from '../../../shared/records/shard.ts';

/** A generator of numbers below 1 from a seed (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
const reject = (index: number): Reject => [index, 'required', '/quantity', 'missing'];
const runsFrom = (start: number, count: number): IdRun[] => {
  const runs: IdRun[] = [];
  for (let id = start; id < start + count; ) {
    const length = Math.min(start + count - id, 1_024 - (id % 1_024));
    runs.push({ firstId: id, length });
    id += length;
  }
  return runs;
};

test.each(Array.from({ length: 60 }, (_, seed) => [seed]))('slices cover every index once, their ids never overlap, each lies in one shard, rejects land in theirs (seed %i)', (seed) => {
  const random = seeded(seed);
  const total = 1 + Math.floor(random() * 3_000);
  const badShare = [0, 0.01, 0.2, 0.9, 1][seed % 5] ?? 0;
  let bad = false;
  const isBad = Array.from({ length: total }, () => (bad = random() < 0.3 ? random() < badShare : bad && badShare > 0));
  const good = isBad.flatMap((b, i) => (b ? [] : [i]));
  const rejects = isBad.flatMap((b, i) => (b ? [reject(i)] : []));
  const ranges = cutRanges(good, 0, total, 1 + Math.floor(random() * 700));
  const needed = ranges.reduce((sum, range) => sum + idsNeeded(range), 0);
  const slices = assignIds(ranges, runsFrom(1 + Math.floor(random() * 5_000), needed), good, rejects);

  expect(slices.flatMap((s) => Array.from({ length: s.span }, (_, i) => s.firstIndex + i))).toEqual(isBad.map((_, i) => i));
  expect(slices.flatMap((s) => good.slice(s.from, s.to))).toEqual(good);
  const ids = slices.flatMap((s) => good.slice(s.from, s.to).map((index) => s.firstId + index - s.firstIndex));
  expect(new Set(ids).size).toBe(good.length);
  for (const s of slices) {
    expect(good.slice(s.from, s.to).every((index) => index >= s.firstIndex && index < s.firstIndex + s.span)).toBe(true);
    expect(shardOf(s.firstId, 32)).toBe(shardOf(s.firstId + (s.to > s.from ? s.span - 1 : 0), 32));
    expect(s.rejects.map((r) => r[0])).toEqual(rejects.map((r) => r[0]).filter((i) => i >= s.firstIndex && i < s.firstIndex + s.span));
    expect(s.span).toBe(s.to - s.from + s.rejects.length);
  }
});

test('F59 ranges that an earlier attempt left over take none of the rejects between them', () => {
  const good = [0, 2, 6, 8];
  const rejects = [1, 3, 4, 5, 7].map(reject);
  const ranges = [...cutRanges(good, 0, 3, 500), ...cutRanges(good, 6, 3, 500)];
  const slices = assignIds(ranges, runsFrom(1, 6), good, rejects);
  expect(slices.map((s) => [s.firstIndex, s.rejects.map((r) => r[0])])).toEqual([[0, [1]], [6, [7]]]);
});

test('runs of rejects take no ids where there are many, and stay gaps where there are few', () => {
  const many = cutRanges([0, 99], 0, 100, 500);
  expect(many.map((r) => [r.firstIndex, r.span, idsNeeded(r)])).toEqual([[0, 1, 1], [1, 98, 0], [99, 1, 1]]);
  const few = cutRanges(Array.from({ length: 100 }, (_, i) => i).filter((i) => i !== 50), 0, 100, 500);
  expect(few.map((r) => [r.firstIndex, r.span, idsNeeded(r)])).toEqual([[0, 100, 100]]);
});
