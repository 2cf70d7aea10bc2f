import { isWorse, LEAST_ROUNDS, progressed, verdict, WORSE_ROUNDS } from '../../../../services/pool-monitor/guard/judge-change.ts';
import { NO_PROGRESS, type Baseline, type Figures, type Progress, type Round } from '../../../../shared/contracts/guards.ts';

const BEFORE: Baseline = { rounds: 20, requests: 2_000, errors: 0.01, p99: 100, poolWait: 4 };
const WELL: Figures = { errors: 0.01, p99: 100, poolWait: 4 };
const round = (figures: Partial<Figures>): Round => ({ beganAt: 0, requests: 100, ...WELL, ...figures });
const after = (rounds: readonly Partial<Figures>[], before = BEFORE): Progress => rounds.map(round).reduce((progress, one) => progressed(progress, one, before), NO_PROGRESS);
const many = (count: number, figures: Partial<Figures>) => Array.from({ length: count }, () => figures);

test.each([
  ['errors', { errors: 0.031 }, true], ['errors', { errors: 0.03 }, false],
  ['p99', { p99: 500 }, true], ['p99', { p99: 200 }, false],
  ['poolWait', { poolWait: 28.1 }, true], ['poolWait', { poolWait: 28 }, false],
] as const)('%s: %j is worse than before: %s', (measure, figures, worse) => {
  expect(isWorse(measure, round(figures), BEFORE)).toBe(worse);
});

test('a 99th percentile that nobody feels is never worse, whatever it was before', () => {
  expect(isWorse('p99', round({ p99: 50 }), { ...BEFORE, p99: 1 })).toBe(false);
  expect(isWorse('p99', round({ p99: 100 }), { ...BEFORE, p99: 1 })).toBe(true);
});

test('three rounds running that are worse take the change back at once, with the figures in the reason', () => {
  expect(verdict(BEFORE, after(many(WORSE_ROUNDS - 1, { errors: 0.2 })), false)).toBeUndefined();
  expect(verdict(BEFORE, after(many(WORSE_ROUNDS, { errors: 0.2, poolWait: 90 })), false)).toEqual({
    outcome: 'reverted', reason: 'worse in 3 rounds running: errors 20.0 %, before the change 1.0 %; wait for a connection 90.0 ms, before the change 4.0 ms',
  });
  expect(verdict(BEFORE, after(many(WORSE_ROUNDS, { p99: 1_000 })), true)?.reason).toContain('p99 up to 1000 ms, before the change up to 100 ms');
});

test('noise does not: a stall now and then, or another measure each time', () => {
  const stalls = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? {} : { p99: 5_000 }));
  const others = Array.from({ length: 60 }, (_, i) => ([{ errors: 0.5 }, { p99: 5_000 }, { poolWait: 500 }])[i % 3] ?? {});
  for (const rounds of [stalls, others]) {
    rounds.reduce((progress, figures) => {
      const next = progressed(progress, round(figures), BEFORE);
      expect(verdict(BEFORE, next, false)).toBeUndefined();
      return next;
    }, NO_PROGRESS);
    expect(verdict(BEFORE, after(rounds), true)).toMatchObject({ outcome: 'held' });
  }
});

test('a change that is not worse holds when its time is over', () => {
  expect(verdict(BEFORE, after(many(9, {})), false)).toBeUndefined();
  expect(verdict(BEFORE, after(many(9, {})), true)).toEqual({ outcome: 'held', reason: 'not worse over 900 requests; it stands' });
});

test('no requests are no verdict, before the change or after it, and it is said so', () => {
  expect(verdict(BEFORE, NO_PROGRESS, false)).toBeUndefined();
  expect(verdict(BEFORE, NO_PROGRESS, true)).toEqual({ outcome: 'no-verdict', reason: 'too few requests since the change to say anything (0); it stands' });
  expect(verdict(BEFORE, after(many(LEAST_ROUNDS - 1, {})), true)?.outcome).toBe('no-verdict');
  const unknown: Baseline = { rounds: LEAST_ROUNDS - 1, requests: 120, errors: 0, p99: 0, poolWait: 0 };
  const bad = after(many(20, { errors: 1, p99: 60_000 }), unknown);
  expect(verdict(unknown, bad, false)).toBeUndefined();
  expect(verdict(unknown, bad, true)).toEqual({ outcome: 'no-verdict', reason: 'too few requests before the change to compare with (120); it stands' });
});
