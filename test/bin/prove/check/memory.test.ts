import { judgeMemory, MemoryWatch, type MemoryTrack } from '../../../../bin/prove/check/memory.ts';
import type { TargetNode } from '../../../../bin/prove/target.ts';

const MB = 1024 * 1024;
const track = (minutes: number, mbAt: (share: number) => number): MemoryTrack => ({ name: 'edge-1', pid: 7, samples: Array.from({ length: 101 }, (_, i) => [(i / 100) * minutes * 60_000, mbAt(i / 100) * MB]) });

test('a process that fills its caches and then stays is fine, and so is one that goes up and down', () => {
  expect(judgeMemory(track(60, (share) => 100 + Math.min(200, share * 1_000)))).toBeUndefined();
  expect(judgeMemory(track(60, (share) => 300 + 200 * Math.sin(share * 100)))).toBeUndefined();
});

test('F32 F41 one that grows all the time is told with its figures', () => {
  expect(judgeMemory(track(60, (share) => 100 + 700 * share))).toBe('edge-1 (process 7) grew from 359 MB to 716 MB in 60 min');
});

test('a short life tells nothing of growth, but has its limit too', () => {
  expect(judgeMemory(track(1, (share) => 100 + 700 * share))).toBeUndefined();
  expect(judgeMemory(track(1, () => 1_300))).toBe('edge-1 (process 7) took 1300 MB');
});

test('samples are of real processes; one that has ended is left out', async () => {
  const watch = new MemoryWatch();
  const node = (name: string, pid: number | undefined) => ({ name, pid }) as TargetNode;
  await watch.look([node('self', process.pid), node('gone', undefined)], 1_000);
  await watch.look([node('self', process.pid)], 3_000);
  expect(watch.tracks).toMatchObject([{ name: 'self', pid: process.pid, samples: [[0, expect.any(Number)], [2_000, expect.any(Number)]] }]);
  expect(watch.tracks[0]?.samples[0]?.[1]).toBeGreaterThan(20 * MB);
});
