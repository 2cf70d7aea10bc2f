import { isExhausted, PoolBreaker, type BreakerSample } from '../../../services/pool-monitor/pool-breaker.ts';

const LIMITS = { failures: 3, cooldownMs: 15_000 };
const INTERVAL_MS = 5_000;
const GOOD = [0.5, 0] as const;
const BAD = [1, 1] as const;
type Played = readonly [utilization: number, waitingLong: number];

/** The states after each sample of one pool, five seconds apart. */
function play(...samples: readonly Played[]): string[] {
  const breaker = new PoolBreaker(LIMITS);
  return samples.map(([utilization, waitingLong], i) => {
    breaker.sampled([{ node: 'writer-1', utilization, waitingLong }], i * INTERVAL_MS);
    return breaker.state;
  });
}

test.each<[string, Played | undefined, Played, boolean]>([
  ['three wait long, as in the sample before', [0.5, 3], [0.5, 3], true],
  ['three wait long for the first time', [0.5, 2], [0.5, 3], false],
  ['three wait long in the first sample of all', undefined, [0.5, 9], false],
  ['two wait long, again and again', [0.5, 2], [0.5, 2], false],
  ['in use to 0.90, and one waits long', undefined, [0.9, 1], true],
  ['in use to just below that, and one waits long', undefined, [0.89, 1], false],
  ['F12 one of one in use, and nobody waits', undefined, [1, 0], false],
  ['all of four in use, and nobody waits', [1, 0], [1, 0], false],
  ['idle', undefined, [0, 0], false],
])('a pool: %s', (_, before, [utilization, waitingLong], exhausted) => {
  expect(isExhausted(before && { waitingLong: before[1] }, { utilization, waitingLong })).toBe(exhausted);
});

test('three bad samples in a row open it, no fewer', () => {
  expect(play(BAD, BAD, BAD)).toEqual(['closed', 'closed', 'open']);
  expect(play(BAD, BAD, GOOD, BAD, BAD, GOOD)).toEqual(Array(6).fill('closed'));
});

test('three that wait long open it at the fourth sample: the first only says that there are many', () => {
  expect(play([0.5, 3], [0.5, 3], [0.5, 3], [0.5, 3])).toEqual(['closed', 'closed', 'closed', 'open']);
});

test('it stays open for 15 s whatever is sampled, then is half-open, and a good sample closes it', () => {
  expect(play(BAD, BAD, BAD, BAD, GOOD, GOOD, GOOD)).toEqual(['closed', 'closed', 'open', 'open', 'open', 'half-open', 'closed']);
});

test('a bad sample while it is half-open opens it again at once, for 15 s more', () => {
  expect(play(BAD, BAD, BAD, GOOD, GOOD, GOOD, BAD, GOOD, GOOD, GOOD, GOOD).slice(5)).toEqual(['half-open', 'open', 'open', 'open', 'half-open', 'closed']);
});

test('closed again it needs three bad samples anew', () => {
  expect(play(BAD, BAD, BAD, GOOD, GOOD, GOOD, GOOD, BAD, BAD, GOOD).slice(6)).toEqual(['closed', 'closed', 'closed', 'closed']);
});

test('F12 an hour of one of one in use, of a pool that idles, or of one long query, does not open it', () => {
  const hour = (played: Played) => play(...Array.from({ length: 720 }, () => played));
  for (const played of [[1, 0], [0, 0], [0.125, 0]] as const) expect(new Set(hour(played))).toEqual(new Set(['closed']));
});

test('a bad sample now and then, or two in a row, as a busy hour has them, never opens it', () => {
  expect(new Set(play(...Array.from({ length: 720 }, (_, i) => (i % 5 < 2 ? BAD : GOOD))))).toEqual(new Set(['closed']));
});

describe('of pools that do the same work', () => {
  const sample = (node: string, [utilization, waitingLong]: Played): BreakerSample => ({ node, utilization, waitingLong });

  test('only all together exhausted are bad: while one is not, the work goes there', () => {
    const breaker = new PoolBreaker(LIMITS);
    for (let i = 0; i < 10; i++) expect(breaker.sampled([sample('a', BAD), sample('b', GOOD)], i * INTERVAL_MS)).toBe(false);
    expect(breaker.state).toBe('closed');
    for (let i = 10; i < 13; i++) expect(breaker.sampled([sample('a', BAD), sample('b', BAD)], i * INTERVAL_MS)).toBe(true);
    expect(breaker.state).toBe('open');
  });

  test('each is compared with its own sample before', () => {
    const breaker = new PoolBreaker(LIMITS);
    breaker.sampled([sample('a', [0.5, 3]), sample('b', [0.5, 0])], 0);
    expect(breaker.sampled([sample('a', [0.5, 3]), sample('b', [0.5, 3])], 5_000)).toBe(false);
    expect(breaker.sampled([sample('a', [0.5, 3]), sample('b', [0.5, 3])], 10_000)).toBe(true);
  });

  test('none at all is no bad sample', () => {
    const breaker = new PoolBreaker(LIMITS);
    for (let i = 0; i < 5; i++) expect(breaker.sampled([], i)).toBe(false);
  });
});

test('how long it is until it is half-open is told', () => {
  const breaker = new PoolBreaker(LIMITS);
  expect(breaker.retryInMs(0)).toBe(0);
  for (const at of [0, 5_000, 10_000]) breaker.sampled([{ node: 'a', utilization: 1, waitingLong: 1 }], at);
  expect([breaker.retryInMs(10_000), breaker.retryInMs(24_000), breaker.retryInMs(30_000), breaker.bad]).toEqual([15_000, 1_000, 0, 3]);
});
