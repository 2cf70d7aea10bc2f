import { DrainRate } from '../../../services/batcher/drain-rate.ts';
import { seeded, upTo } from '../gateway/body/random-json.ts';

/** A rate after whole seconds in each of which this many items were written; asked at the end of each, as the edge does. */
function after(...seconds: number[]) {
  const rate = new DrainRate(0);
  for (const [second, items] of seconds.entries()) {
    rate.add(items, second * 1_000 + 500);
    rate.perSecond((second + 1) * 1_000);
  }
  return { rate, now: seconds.length * 1_000 };
}

test('before anything was measured the rate is 0, and a client waits 2 s', () => {
  const rate = new DrainRate(0);
  expect([rate.perSecond(10_000), rate.secondsFor(1_000_000, 10_000)]).toEqual([0, 2]);
});

test('a steady flow is measured as it is', () => {
  const { rate, now } = after(500, 500, 500, 500);
  expect(rate.perSecond(now)).toBe(500);
});

test('F16 Retry-After is what waits over the measured rate, in whole seconds, from 1 to 60', () => {
  const { rate, now } = after(1_000);
  expect(rate.perSecond(now)).toBe(1_000);
  expect([0, 1, 1_000, 1_001, 59_500, 10_000_000].map((items) => rate.secondsFor(items, now))).toEqual([1, 1, 1, 2, 60, 60]);
});

test('a new second weighs three tenths', () => {
  const rate = new DrainRate(0);
  rate.add(1_000, 999);
  expect(rate.perSecond(1_000)).toBe(1_000);
  rate.add(2_000, 1_500);
  expect(rate.perSecond(2_000)).toBeCloseTo(1_300);
});

test('seconds without work say nothing of how fast writing is', () => {
  const { rate, now } = after(800);
  for (let s = 0; s <= 300; s++) expect(rate.perSecond(now + s * 1_000)).toBe(800);
});

test('a second that is not over yet does not count', () => {
  const rate = new DrainRate(0);
  rate.add(10, 0);
  expect(rate.perSecond(999)).toBe(0);
});

test('1,000 random flows: the rate lies between the slowest and the fastest second', () => {
  const random = seeded(16);
  for (let n = 0; n < 1_000; n++) {
    const seconds = Array.from({ length: 1 + upTo(random, 20) }, () => 1 + upTo(random, 100_000));
    const rate = new DrainRate(0);
    for (const [second, items] of seconds.entries()) {
      rate.add(items, second * 1_000 + upTo(random, 1_000));
      rate.perSecond((second + 1) * 1_000);
    }
    const measured = rate.perSecond(seconds.length * 1_000);
    expect(measured).toBeGreaterThanOrEqual(Math.min(...seconds) * 0.999);
    expect(measured).toBeLessThanOrEqual(Math.max(...seconds) * 1.001);
  }
});
