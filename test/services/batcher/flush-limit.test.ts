import { nextLimit, startLimit, type FlushLimit, type FlushLimitReason } from '../../../services/batcher/flush-limit.ts';

const BOUNDS = { maxLimit: 16, minRows: 100, maxRows: 2_000, slowMs: 200 };

/** A database that carries `width` flushes side by side, each in `baseMs`; more share it. Noise of a tenth, from a seed. */
function plant(seed: number) {
  let drawn = seed;
  const noise = () => 0.9 + 0.2 * ((drawn = (drawn * 48_271) % 2_147_483_647) / 2_147_483_647);
  return (limit: number, width: number, baseMs: number) => ({ latencyMs: baseMs * Math.max(1, limit / width) * noise(), poolWaitMs: 0, inFlight: limit });
}

function run(state: FlushLimit, rounds: number, width: number, baseMs: number, seed = 7) {
  const sample = plant(seed);
  const limits: number[] = [];
  const reasons: FlushLimitReason[] = [];
  for (let i = 0; i < rounds; i++) {
    const step = nextLimit(state, sample(state.limit, width, baseMs), BOUNDS);
    state = step.state;
    reasons.push(step.reason);
    if (state.before === undefined) limits.push(state.limit);
  }
  return { state, limits, reasons };
}

describe('the limit of flushes in flight', () => {
  test.each([[1, 2], [3, 8], [6, 16], [6, 1]])('settles at what a database of width %i carries, from %i, and does not swing between two measurements of the base', (width, from) => {
    for (const seed of [1, 99, 4_711, 65_537]) {
      const settled = run(startLimit(from, 2_000), 400, width, 10, seed).limits.slice(100);
      expect(Math.min(...settled)).toBeGreaterThanOrEqual(width);
      expect(Math.max(...settled)).toBeLessThanOrEqual(width + 4);
      expect(Math.max(...settled) - Math.min(...settled)).toBeLessThanOrEqual(3);
    }
  });

  test('a database that becomes slow gets smaller chunks; both come back when it recovers', () => {
    const before = run(startLimit(4, 2_000), 200, 4, 10);
    const slow = run(before.state, 200, 4, 400);
    expect(slow.state.maxRows).toBe(BOUNDS.minRows);
    const after = run(slow.state, 200, 4, 10);
    expect(after.state.maxRows).toBe(BOUNDS.maxRows);
    expect(after.limits.at(-1)).toBeGreaterThanOrEqual(4);
  });

  test('a distance that only delays is not taken for a queue once the base is measured anew', () => {
    const near = run(startLimit(4, 2_000), 200, 6, 5);
    expect(run(near.state, 200, 6, 50).limits.at(-1)).toBeGreaterThanOrEqual(6);
  });

  test('the base is taken from a round with one flush alone, and then the limit is what it was', () => {
    const measuring = { ...startLimit(1, 2_000), before: 6 };
    const busy = nextLimit(measuring, { latencyMs: 80, poolWaitMs: 0, inFlight: 5 }, BOUNDS);
    expect(busy).toMatchObject({ reason: 'measure-base', state: { limit: 1, baseMs: 0, before: 6 } });
    const alone = nextLimit(busy.state, { latencyMs: 10, poolWaitMs: 0, inFlight: 1 }, BOUNDS);
    expect(alone).toMatchObject({ reason: 'base-measured', state: { limit: 6, baseMs: 10, before: undefined } });
  });

  test('waiting for a connection lowers it; what is not used does not raise it', () => {
    const state = { ...startLimit(6, 2_000), baseMs: 10, age: 0 };
    expect(nextLimit(state, { latencyMs: 10, poolWaitMs: 20, inFlight: 6 }, BOUNDS)).toMatchObject({ reason: 'pool-wait', state: { limit: 5 } });
    expect(nextLimit(state, { latencyMs: 10, poolWaitMs: 0, inFlight: 2 }, BOUNDS)).toMatchObject({ reason: 'idle', state: { limit: 6 } });
  });
});
