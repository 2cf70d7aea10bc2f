import { baselineOf, LEAST_REQUESTS, RoundMeter } from '../../../../services/pool-monitor/guard/measure-rounds.ts';
import type { AnswerCounts } from '../../../../shared/contracts/guards.ts';

/** What a node has counted: of its requests `slow` took up to 500 ms, the others up to 100. */
const counts = (node: string, requests: number, more: { errors?: number; slow?: number; taken?: number; waitedMs?: number } = {}): AnswerCounts => ({
  node, requests, errors: more.errors ?? 0, taken: more.taken ?? 0, waitedMs: more.waitedMs ?? 0,
  within: [{ ms: 50, requests: 0 }, { ms: 100, requests: requests - (more.slow ?? 0) }, { ms: 500, requests }],
});

test('a round tells what came between two looks, over all nodes', () => {
  const meter = new RoundMeter();
  expect(meter.take([counts('a', 1_000, { errors: 900 }), counts('b', 5)], 0)).toBeUndefined();
  expect(meter.take([counts('a', 1_060, { errors: 903, taken: 10, waitedMs: 500 }), counts('b', 45, { slow: 2, taken: 40, waitedMs: 0 })], 5_000)).toEqual({ beganAt: 0, requests: 100, errors: 0.03, p99: 500, poolWait: 10 });
});

test('a 99th percentile is the bound that 99 of 100 requests are within, and where there is none, beyond the last', () => {
  const p99 = (slow: number, lost = 0) => {
    const meter = new RoundMeter();
    meter.take([counts('a', 0)], 0);
    const told = counts('a', 100, { slow });
    return meter.take([{ ...told, within: told.within.map(({ ms, requests }) => ({ ms, requests: requests - lost })) }], 1)?.p99;
  };
  expect([p99(1), p99(2), p99(0, 2)]).toEqual([100, 500, 1_000]);
});

test('few requests make one long round', () => {
  const meter = new RoundMeter();
  meter.take([counts('a', 0)], 0);
  expect(meter.take([counts('a', LEAST_REQUESTS - 1)], 5_000)).toBeUndefined();
  expect(meter.take([counts('a', LEAST_REQUESTS)], 10_000)).toMatchObject({ beganAt: 0, requests: LEAST_REQUESTS });
  expect(meter.take([counts('a', LEAST_REQUESTS * 2)], 15_000)).toMatchObject({ beganAt: 10_000 });
});

test('a node that comes brings no past, one that begins again begins from nothing, and one that is silent is made up for', () => {
  const meter = new RoundMeter();
  meter.take([counts('a', 100)], 0);
  expect(meter.take([counts('a', 160), counts('b', 9_000)], 1)?.requests).toBe(60);
  expect(meter.take([counts('a', 50), counts('b', 9_010)], 2)?.requests).toBe(60);
  expect(meter.take([counts('b', 9_070)], 3)?.requests).toBe(60);
  expect(meter.take([counts('a', 110), counts('b', 9_070)], 4)?.requests).toBe(60);
});

test('what came before a change is not mixed with what comes after it', () => {
  const meter = new RoundMeter();
  meter.take([counts('a', 0)], 0);
  meter.take([counts('a', 40, { errors: 40 })], 1_000);
  meter.cut();
  expect(meter.take([counts('a', 90, { errors: 40 })], 2_000)).toMatchObject({ beganAt: 1_000, requests: 50, errors: 0 });
});

test('the baseline lets one round of ten be worse, of few rounds it is the worst, and it is of the last five minutes', () => {
  const of = (errors: readonly number[]) => baselineOf(errors.map((share) => ({ beganAt: 0, requests: 100, errors: share, p99: 1, poolWait: 1 })));
  expect(of([0.5, ...Array<number>(9).fill(0.1)])).toEqual({ rounds: 10, requests: 1_000, errors: 0.1, p99: 1, poolWait: 1 });
  expect(of([0.5, 0.1, 0.1]).errors).toBe(0.5);
  expect(of([])).toEqual({ rounds: 0, requests: 0, errors: 0, p99: 0, poolWait: 0 });
  const meter = new RoundMeter();
  meter.take([counts('a', 0)], 0);
  meter.take([counts('a', 100)], 1_000);
  expect([meter.baseline(300_000).rounds, meter.baseline(300_001).rounds]).toEqual([1, 0]);
});

test('what was measured under a change that was taken back is no baseline for the next, nor what another node measures', () => {
  const meter = new RoundMeter();
  meter.take([counts('a', 0)], 0);
  meter.take([counts('a', 100)], 1_000);
  meter.take([counts('a', 200, { errors: 100 })], 2_000);
  meter.dropSince(1_000);
  expect(meter.baseline(2_000)).toMatchObject({ rounds: 1, errors: 0 });
  meter.forget();
  expect(meter.baseline(2_000).rounds).toBe(0);
});
