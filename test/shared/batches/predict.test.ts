import { predict, rateOf, type Rate, type Sample } from '../../../shared/batches/predict.ts';
import { seeded } from '../../services/gateway/body/random-json.ts';

const samples = (...items: number[]): Sample[] => items.map((n, i) => ({ at: 1_000 * i, items: n, bytes: n * 100 }));

test('the rate is what was done over the time it took, in items or in bytes; without any time there is none', () => {
  expect(rateOf(samples(0, 100, 200, 300), 'items', 3_000)).toEqual({ perSecond: 100, spread: 0, intervals: 3, intervalS: 1 });
  expect(rateOf(samples(0, 100, 200, 300), 'bytes', 3_000)?.perSecond).toBe(10_000);
  for (const none of [[], samples(5), [{ at: 7, items: 1, bytes: 1 }, { at: 7, items: 2, bytes: 2 }]]) expect(rateOf(none, 'items', 10)).toBeUndefined();
});

test('a batch that stands still grows slower with every second', () => {
  const at = (now: number) => rateOf(samples(0, 100, 200), 'items', now)?.perSecond ?? 0;
  expect(at(12_000)).toBe(100);
  expect(at(20_000)).toBe(10);
  expect(at(200_000)).toBe(1);
});

test('the steadier the rate, the closer the bounds; what varies too much has no latest, what does not move no prediction', () => {
  const rate: Rate = { perSecond: 100, spread: 0, intervals: 20, intervalS: 1 };
  const widths = [0, 20, 40, 80].map((spread) => {
    const { at, earliest, latest } = predict(10_000, { ...rate, spread }, 0) ?? { at: 0, earliest: 0, latest: 0 };
    expect([at, earliest < at, latest === null || latest > at]).toEqual([100_000, true, true]);
    return (latest ?? Infinity) - earliest;
  });
  expect(widths).toEqual([...widths].sort((a, b) => a - b));
  expect(predict(10_000, { ...rate, spread: 500 }, 0)?.latest).toBeNull();
  expect(predict(10_000, { ...rate, perSecond: 0 }, 0)).toBeUndefined();
});

/** A batch of 60 s so far and as long again: how often its end lies within the bounds. Each second is like the one before by `alike`. */
function within(spread: number, alike: number): number {
  let held = 0;
  const runs = 150;
  for (let seed = 1; seed <= runs; seed++) {
    const random = seeded(seed);
    // The sum of twelve is as good as normal.
    const normal = () => Array.from({ length: 12 }, random).reduce((sum, r) => sum + r, -6);
    let drift = normal();
    const second = () => {
      drift = alike * drift + Math.sqrt(1 - alike ** 2) * normal();
      return Math.max(1, 1_000 * (1 + spread * drift));
    };
    const seen: Sample[] = [{ at: 0, items: 0, bytes: 0 }];
    for (let s = 1; s <= 60; s++) seen.push({ at: s * 1_000, items: (seen.at(-1)?.items ?? 0) + second(), bytes: 0 });
    const rate = rateOf(seen, 'items', 60_000);
    const prediction = rate === undefined ? undefined : predict(60_000, rate, 60_000);
    let left = 60_000;
    let end = 60_000;
    for (let done = second(); left > 0; done = second()) {
      end += 1_000 * Math.min(1, left / done);
      left -= done;
    }
    if (prediction !== undefined && prediction.earliest <= end && end <= (prediction.latest ?? Infinity)) held++;
  }
  return held / runs;
}

test.each([[0.1, 0], [0.3, 0], [0.1, 0.5], [0.3, 0.5], [0.5, 0.5]])('the true end lies within the bounds, where the rate varies by %d and neighbouring seconds are alike by %d', (spread, alike) => {
  // Nine of ten.
  expect(within(spread, alike)).toBeGreaterThan(0.85);
});
