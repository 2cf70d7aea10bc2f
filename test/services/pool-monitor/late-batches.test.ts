import { lateBatches, latestFinish, type Course } from '../../../services/pool-monitor/late-batches.ts';

const MINUTE = 60_000;
/** 10,000 items, of which so many were done at the end of each of the first minutes. */
const course = (...done: number[]): Course => ({ kind: 'execution', measure: 'items', whole: 10_000, begun: 0, now: 0, samples: done.map((items, i) => ({ at: (i + 1) * MINUTE, items, bytes: items * 100 })) });
const STEADY = course(500, 1_000, 1_500, 2_000);

test('a batch is late when the latest finish that its beginning promised is over', () => {
  const latest = latestFinish(STEADY) ?? 0;
  // Twenty minutes were promised.
  expect(latest).toBeGreaterThan(20 * MINUTE);
  expect(latest).toBeLessThan(25 * MINUTE);
  expect(lateBatches([{ ...STEADY, now: latest }])).toEqual(new Map());
  expect(lateBatches([{ ...STEADY, now: latest + 1 }, { ...STEADY, now: latest + 1 }, { ...STEADY, kind: 'order', now: 0 }])).toEqual(new Map([['execution', 2]]));
});

test('bytes are held against bytes', () => {
  expect(latestFinish({ ...STEADY, measure: 'bytes', whole: 1_000_000 })).toBe(latestFinish(STEADY));
});

test('what moved by fits and starts gets three times what was predicted, and what promised nothing is never late', () => {
  const latest = latestFinish(course(10, 1_900, 1_910, 2_000)) ?? 0;
  expect(latest).toBe(4 * MINUTE + 3 * 16 * MINUTE);
  expect(latestFinish(course(500, 1_000))).toBeUndefined();
  expect(latestFinish(course(0, 0, 0, 0))).toBeUndefined();
  expect(latestFinish(course())).toBeUndefined();
});

test('a short batch is given a minute', () => {
  const quick = { ...STEADY, samples: STEADY.samples.map((s) => ({ ...s, at: s.at / 1_000 })) };
  expect(latestFinish(quick)).toBeGreaterThanOrEqual(60_000);
});
