import { jest } from '@jest/globals';
import { watchLoopDelay } from '../../../shared/runtime/loop-delay.ts';

const SAMPLE_MS = 50;
let now: number;
beforeEach(() => {
  jest.useFakeTimers();
  now = 0;
});
afterEach(() => jest.useRealTimers());
/** A sample is run, so late. */
const sample = (lateMs: number) => {
  now += SAMPLE_MS + lateMs;
  jest.advanceTimersByTime(SAMPLE_MS);
};

test('a loop that is in time has no delay, one that is late as much as it was', () => {
  const delay = watchLoopDelay(() => now);
  sample(0);
  expect(delay.ms()).toBe(0);
  sample(120);
  expect(delay.ms()).toBe(120);
  sample(0);
  expect(delay.ms()).toBe(0);
  delay.stop();
});

test('while a sample is overdue the delay grows with the clock: nobody waits for its end to be told', () => {
  const delay = watchLoopDelay(() => now);
  sample(0);
  now += SAMPLE_MS + 700;
  expect(delay.ms()).toBe(700);
  now += 300;
  expect(delay.ms()).toBe(1_000);
  delay.stop();
});

test('a timer that runs early is no delay below nothing, and once stopped nothing is left to run', () => {
  const delay = watchLoopDelay(() => now);
  now += 10;
  jest.advanceTimersByTime(SAMPLE_MS);
  expect(delay.ms()).toBe(0);
  delay.stop();
  expect(jest.getTimerCount()).toBe(0);
});
