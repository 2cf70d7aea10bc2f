import { CpuMeter } from '../../../bench/harness/cpu.ts';
import { interleave, medianRatio, percentile } from '../../../bench/harness/rounds.ts';

describe('interleaved rounds', () => {
  test('sides take turns, there and back, and the first turn of each only warms up', async () => {
    const order: string[] = [];
    const side = (name: string, records: number[]) => async () => {
      order.push(name);
      return { records: records.shift() ?? 0, seconds: 1 };
    };
    const { a, b } = await interleave(new CpuMeter(), 2, { a: side('a', [999, 10, 30]), b: side('b', [999, 20, 10]) });
    expect(order).toEqual(['a', 'b', 'a', 'b', 'b', 'a']);
    expect(a.rates).toEqual([10, 30]);
    expect(b.rates).toEqual([20, 10]);
  });

  test('the ratio is the median of the rounds, so that a round in which the machine was busy does not count', () => {
    expect(medianRatio({ rates: [80, 8, 90] }, { rates: [100, 100, 100] })).toBe(0.8);
    expect(medianRatio({ rates: [80, 8, 90] }, { rates: [100, 10, 100] })).toBe(0.8);
  });

  test('a percentile is a value that was measured', () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect([percentile(values, 0.5), percentile(values, 0.99), percentile([7], 0.99)]).toEqual([50, 99, 7]);
    expect(percentile([], 0.5)).toBeNaN();
  });
});
