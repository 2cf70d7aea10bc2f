import { FlushMeter } from '../../../services/writer/flush-meter.ts';

test('flushes are told by their size, with the median of their times and the most that were in flight', () => {
  const meter = new FlushMeter('w1');
  for (const ms of [9, 1, 5]) meter.flushed(500, ms);
  meter.flushed(2_000, 30);
  meter.flushed(1, 2);
  meter.look(3);
  meter.look(1);
  expect(meter.take(1)).toEqual({ writer: 'w1', classes: [{ size: 9, flushes: 3, ms: 5 }, { size: 11, flushes: 1, ms: 30 }, { size: 0, flushes: 1, ms: 2 }], inFlight: 3 });
});

test('a period begins with what is in flight then; one in which nothing was is not told', () => {
  const meter = new FlushMeter('w1');
  meter.look(2);
  expect(meter.take(2)).toMatchObject({ inFlight: 2 });
  expect(meter.take(0)).toMatchObject({ inFlight: 2, classes: [] });
  expect(meter.take(0)).toBeUndefined();
});
