import { childOf, isSampled, newTrace, spanIdOf, traceIdOf, traceOf } from '../../../shared/tracing/trace-context.ts';

const GIVEN = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('who sends a traceparent stays in its trace, with its own decision whether that is recorded; all else begins a new one', () => {
  expect(traceOf(GIVEN, 0)).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
  expect(spanIdOf(traceOf(GIVEN))).not.toBe(spanIdOf(GIVEN));
  expect(isSampled(traceOf(GIVEN.replace(/01$/, '00'), 1))).toBe(false);
  for (const bad of [undefined, 'nonsense', GIVEN.replace('00-', 'ff-'), `00-${'0'.repeat(32)}-b7ad6b7169203331-01`]) expect(traceIdOf(traceOf(bad))).not.toBe(traceIdOf(bad ?? ''));
});

test('about the wanted share of new traces is recorded', () => {
  const recorded = (share: number) => Array.from({ length: 2_000 }, () => newTrace(share)).filter(isSampled).length;
  expect([recorded(0), recorded(1)]).toEqual([0, 2_000]);
  // Nine standard deviations.
  expect(Math.abs(recorded(0.25) - 500)).toBeLessThan(175);
});

test('a child is another span of the same trace, recorded as that is; what is no traceparent is not recorded', () => {
  const child = childOf(GIVEN);
  expect([traceIdOf(child), isSampled(child), child.length]).toEqual([traceIdOf(GIVEN), true, GIVEN.length]);
  expect(spanIdOf(child)).not.toBe(spanIdOf(GIVEN));
  expect([isSampled(null), isSampled(''), isSampled('00-x-01')]).toEqual([false, false, false]);
});
