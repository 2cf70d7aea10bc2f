import { baselineOf, falls, type Baseline } from '../../../bench/harness/baseline.ts';
import type { ScenarioResult } from '../../../bench/harness/scenario.ts';

const machine = { at: '', cores: 4, cpu: '', node: '', kafka: '', load: 0 };
const result = (name: string, ratios: Record<string, number>): ScenarioResult => ({ name, compares: '', seconds: 1, figures: Object.entries(ratios).map(([what, ratio]) => ({ what, figure: 1, unit: '', ratio })) });
const kept: Baseline = { machine, ratios: { flush: { small: 0.8, large: 0.9 }, rest: { one: 0.5 } } };

describe('the kept ratios', () => {
  test('a fall of more than a fifth is told, a smaller one and a rise are not', () => {
    expect(falls([result('flush', { small: 0.65, large: 1.2 })], kept)).toEqual([]);
    expect(falls([result('flush', { small: 0.63, large: 0.9 })], kept)).toEqual(['flush, small: 0.63, kept at 0.8']);
  });

  test('a figure that is no longer measured is told, a scenario that did not run is not', () => {
    expect(falls([result('flush', { small: 0.8 })], kept)).toEqual(['flush, large: kept at 0.9, not measured now']);
  });

  test('saving some scenarios keeps the others', () => {
    expect(baselineOf([result('rest', { one: 0.61234 })], machine, kept).ratios).toEqual({ flush: { small: 0.8, large: 0.9 }, rest: { one: 0.612 } });
  });
});
