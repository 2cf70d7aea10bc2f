import { nextLimit, startLimit, type FlushLimit, type FlushLimitReason, type FlushSample } from '../../../services/pool-monitor/flush-limit.ts';

const BOUNDS = { writers: 1, maxLimit: 16, minRows: 100, maxRows: 2_000, slowMs: 200 };
/** Rows of a flush are 2 to the power of this; of the others twice or half as many. */
const SIZE = 10;

/** A database that carries `width` flushes side by side, each in `baseMs`; more share it. Sizes differ, times by a tenth, from a seed. */
function plant(seed: number) {
  let drawn = seed;
  const draw = () => (drawn = (drawn * 48_271) % 2_147_483_647) / 2_147_483_647;
  return (limit: number, width: number, baseMs: number): FlushSample => {
    const classes = [SIZE - 1, SIZE, SIZE + 1].map((size) => ({ size, flushes: 1 + Math.floor(draw() * 8), ms: baseMs * 2 ** (size - SIZE) * Math.max(1, limit / width) * (0.9 + 0.2 * draw()) }));
    return { classes: classes.slice(limit === 1 ? 1 : 0), inFlight: limit };
  };
}

function run(state: FlushLimit, rounds: number, width: number, baseMs: number, seed = 7, bounds = BOUNDS) {
  const sample = plant(seed);
  const limits: number[] = [];
  const reasons: FlushLimitReason[] = [];
  for (let i = 0; i < rounds; i++) {
    const step = nextLimit(state, sample(state.limit, width, baseMs), bounds);
    state = step.state;
    reasons.push(step.reason);
    if (state.measuring === undefined) limits.push(state.limit);
  }
  return { state, limits, reasons };
}
const sampleOf = (ms: number, inFlight: number): FlushSample => ({ classes: [{ size: SIZE, flushes: 3, ms }], inFlight });

describe('the limit of flushes in flight', () => {
  test.each([[1, 2], [3, 8], [6, 16], [6, 1]])('settles at what a database of width %i carries, from %i, and does not swing between two measurements of the base', (width, from) => {
    for (const seed of [1, 99, 4_711, 65_537]) {
      const settled = run(startLimit(from, 2_000), 600, width, 10, seed).limits.slice(150);
      expect(Math.min(...settled)).toBeGreaterThanOrEqual(width);
      expect(Math.max(...settled)).toBeLessThanOrEqual(width + 3);
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
    expect(run(near.state, 300, 6, 50).limits.at(-1)).toBeGreaterThanOrEqual(6);
  });

  test('a database that becomes slower without a queue is seen within a few rounds: the limit comes back to what it was', () => {
    const before = run(startLimit(4, 2_000), 60, 6, 10);
    const { limits, reasons } = run(before.state, 40, 6, 70);
    expect(reasons).toContain('base-measured');
    expect(Math.min(...limits.slice(-10))).toBeGreaterThanOrEqual(6);
  });

  test('the base is taken from a round with one flush alone, of the size that is usual, and then the limit is what it was', () => {
    const begun = nextLimit({ ...startLimit(6, 2_000), bases: { [SIZE]: 20 } }, sampleOf(90, 6), BOUNDS);
    expect(begun).toMatchObject({ reason: 'measure-base', maxRows: 2 ** SIZE, state: { limit: 1, maxRows: 2_000 } });
    const busy = nextLimit(begun.state, sampleOf(80, 5), BOUNDS);
    expect(busy).toMatchObject({ reason: 'measure-base', maxRows: 2 ** SIZE, state: { limit: 1, bases: { [SIZE]: 20 } } });
    expect(nextLimit(busy.state, sampleOf(10, 1), BOUNDS)).toMatchObject({ reason: 'base-measured', maxRows: 2_000, state: { limit: 6, bases: { [SIZE]: 10 }, measuring: undefined } });
  });

  test('bases of other sizes are kept where the one that is measured comes out as it was, and forgotten where the database has changed', () => {
    const measuring = { ...startLimit(1, 2_000), bases: { [SIZE]: 20, [SIZE + 1]: 40 }, measuring: { before: 6, rows: 1_024 } };
    expect(nextLimit(measuring, sampleOf(23, 1), BOUNDS).state.bases).toEqual({ [SIZE]: 23, [SIZE + 1]: 40 });
    expect(nextLimit(measuring, sampleOf(80, 1), BOUNDS).state.bases).toEqual({ [SIZE]: 80 });
  });

  test('a size without a base says nothing; where no other comes, its base is measured, but not at once again', () => {
    const state = { ...startLimit(6, 2_000), bases: { [SIZE]: 10 }, age: 0 };
    const classes = [{ size: SIZE, flushes: 1, ms: 10.5 }, { size: SIZE + 1, flushes: 5, ms: 99 }];
    expect(nextLimit(state, { classes, inFlight: 6 }, BOUNDS)).toMatchObject({ reason: 'queue-short', state: { bases: { [SIZE]: 10 } } });
    const other = { classes: classes.slice(1), inFlight: 6 };
    expect(nextLimit(state, other, BOUNDS)).toMatchObject({ reason: 'unknown', state: { limit: 6 } });
    expect(nextLimit({ ...state, age: 20 }, other, BOUNDS)).toMatchObject({ reason: 'measure-base', maxRows: 2 ** (SIZE + 1) });
  });

  test('what is not used does not raise it, a round without a flush changes nothing, and where one is in flight the base needs no measuring', () => {
    const state = { ...startLimit(6, 2_000), bases: { [SIZE]: 10 }, age: 0 };
    expect(nextLimit(state, sampleOf(10, 2), BOUNDS)).toMatchObject({ reason: 'idle', state: { limit: 6 } });
    expect(nextLimit(state, { classes: [], inFlight: 0 }, BOUNDS).state).toBe(state);
    expect(nextLimit(startLimit(4, 2_000), sampleOf(12, 1), BOUNDS)).toMatchObject({ reason: 'base-measured', state: { limit: 4, bases: { [SIZE]: 12 } } });
  });

  test('what is in flight may be too much, also where more may be', () => {
    const state = { ...startLimit(12, 2_000), bases: { [SIZE]: 10 }, age: 0 };
    expect(nextLimit(state, sampleOf(20, 8), BOUNDS)).toMatchObject({ reason: 'queue-long', state: { limit: 7 } });
    expect(nextLimit(state, sampleOf(11, 8), BOUNDS)).toMatchObject({ reason: 'idle', state: { limit: 12 } });
  });

  test('several writers keep as many queues as they are flows', () => {
    const three = { ...BOUNDS, writers: 3, maxLimit: 40 };
    const settled = run(startLimit(6, 2_000), 600, 9, 10, 7, three).limits.slice(150);
    expect(Math.min(...settled)).toBeGreaterThanOrEqual(9 + 1);
    expect(Math.max(...settled)).toBeLessThanOrEqual(9 + 6);
  });

  test('a time that our own queue explains lowers the limit, without the base being measured anew; one beyond has it measured within a few rounds', () => {
    const two = { ...BOUNDS, writers: 2 };
    const rounds = (ms: number, inFlight: number) => {
      const reasons: FlushLimitReason[] = [];
      let state: FlushLimit = { ...startLimit(inFlight, 2_000), bases: { [SIZE]: 10 }, age: 15 };
      for (let i = 0; i < 5; i++) {
        const step = nextLimit(state, sampleOf(ms, inFlight), two);
        state = step.state;
        reasons.push(step.reason);
      }
      return reasons;
    };
    expect(rounds(40, 8)).toEqual(Array.from({ length: 5 }, () => 'queue-long'));
    expect(rounds(35, 4)).not.toContain('measure-base');
    expect(rounds(50, 4)).toContain('measure-base');
  });

  test('the more flushes a writer has in flight, the more may queue: by the square root', () => {
    const state = (limit: number) => ({ ...startLimit(limit, 2_000), bases: { [SIZE]: 10 }, age: 0 });
    const two = { ...BOUNDS, writers: 2, maxLimit: 64 };
    const queueing = (queued: number, inFlight: number) => nextLimit(state(inFlight), sampleOf(10 / (1 - queued / inFlight), inFlight), two).reason;
    expect([queueing(0.9, 2), queueing(1.1, 2), queueing(2.4, 2 * 1.5)]).toEqual(['queue-short', 'steady', 'steady']);
    expect([queueing(3.9, 32), queueing(4.1, 32), queueing(9.9, 32), queueing(10.1, 32)]).toEqual(['queue-short', 'steady', 'steady', 'queue-long']);
  });

  test('far below what the database carries it grows by one for each writer, near to it by one', () => {
    const state = { ...startLimit(6, 2_000), bases: { [SIZE]: 10 }, age: 0 };
    const four = { ...BOUNDS, writers: 4 };
    expect(nextLimit(state, sampleOf(10, 6), four).state.limit).toBe(10);
    expect(nextLimit(state, sampleOf(14, 6), four).state.limit).toBe(7);
  });

  test('a base that is seen again is not measured, however long that goes on', () => {
    expect(run({ ...startLimit(4, 2_000), bases: { [SIZE - 1]: 5, [SIZE]: 10, [SIZE + 1]: 20 }, age: 0 }, 600, 99, 10).reasons).not.toContain('measure-base');
  });

  test('it stays between one for each writer and what they run at most', () => {
    const two = { ...BOUNDS, writers: 2, maxLimit: 5 };
    const { limits } = run(startLimit(4, 2_000), 300, 1, 10, 7, two);
    expect(Math.min(...limits)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...run(startLimit(4, 2_000), 300, 9, 10, 7, two).limits)).toBe(5);
  });
});
