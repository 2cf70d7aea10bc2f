import { DrainRate } from '../../../shared/runtime/drain-rate.ts';
import { seeded, upTo } from '../../services/gateway/body/random-json.ts';

/** A rate that was busy all the time, after seconds in each of which this much was done. */
function after(...seconds: number[]) {
  const rate = new DrainRate(0);
  rate.busy(true, 0);
  for (const [second, done] of seconds.entries()) {
    rate.add(done, second * 1_000 + 500);
    rate.perSecond((second + 1) * 1_000);
  }
  return { rate, now: seconds.length * 1_000 };
}

test('before anything was measured there is no rate, and a client waits 2 s', () => {
  const rate = new DrainRate(0);
  expect([rate.perSecond(10_000), rate.secondsFor(1_000_000, 10_000)]).toEqual([undefined, 2]);
});

test('a steady flow is measured as it is', () => {
  const { rate, now } = after(500, 500, 500, 500);
  expect(rate.perSecond(now)).toBe(500);
});

test('F16 Retry-After is what waits over the measured rate, in whole seconds, from 1 to the longest', () => {
  const { rate, now } = after(1_000);
  expect(rate.perSecond(now)).toBe(1_000);
  expect([0, 1, 1_000, 1_001, 59_500, 10_000_000].map((items) => rate.secondsFor(items, now))).toEqual([1, 1, 1, 2, 60, 60]);
  expect(new DrainRate(0, 1).secondsFor(10, 0)).toBe(1);
});

test('a new busy second weighs three tenths', () => {
  expect(after(1_000, 2_000).rate.perSecond(2_000)).toBeCloseTo(1_300);
});

test('time in which nothing had to wait says nothing of how fast it drains: neither idle seconds nor a trickle', () => {
  const { rate, now } = after(800);
  rate.busy(false, now);
  for (let s = 1; s <= 300; s++) {
    rate.add(1, now + s * 1_000);
    expect(rate.perSecond(now + s * 1_000)).toBe(800);
  }
});

test('the rate is over busy time: 100 done in a fifth of a second are 500 a second', () => {
  const rate = new DrainRate(0);
  rate.busy(true, 100);
  rate.add(100, 200);
  rate.busy(false, 300);
  expect(rate.perSecond(1_000)).toBe(500);
});

test('F16 what stands still is slower with every second; once it moves again it is measured anew', () => {
  const { rate, now } = after(50_000, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  expect(rate.secondsFor(100_000, now)).toBe(50); // 50,000 × 0.7⁹: the mean forgets
  rate.add(20_000, now + 500);
  expect(rate.secondsFor(100_000, now + 500)).toBe(2);
  rate.add(20_000, now + 1_000);
  expect(rate.perSecond(now + 1_500)).toBe(40_000);
  expect(after(0).rate.secondsFor(1, 1_000)).toBe(60);
});

test('a second that is not over yet does not count', () => {
  const rate = new DrainRate(0);
  rate.busy(true, 0);
  rate.add(10, 0);
  expect(rate.perSecond(999)).toBeUndefined();
});

test('1,000 random flows: the rate lies between the slowest and the fastest second', () => {
  const random = seeded(16);
  for (let n = 0; n < 1_000; n++) {
    const seconds = Array.from({ length: 1 + upTo(random, 20) }, () => 1 + upTo(random, 100_000));
    const { rate, now } = after(...seconds);
    const measured = rate.perSecond(now);
    expect(measured).toBeGreaterThanOrEqual(Math.min(...seconds) * 0.999);
    expect(measured).toBeLessThanOrEqual(Math.max(...seconds) * 1.001);
  }
});
