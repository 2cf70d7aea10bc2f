import { seriesIn } from './promql.ts';

test('the series of an expression are found, with their matchers, and nothing else is taken for one', () => {
  expect(seriesIn('sum by (le, node) (rate(a_total{x="1", y=~"b|c\\"} d"}[5m])) / on (node) group_left (role) max(b:c) > 2^30 or absent(up == 1) unless time() - d offset 1h or e and d')).toEqual([
    { name: 'a_total', matchers: [{ label: 'x', is: '=', value: '1' }, { label: 'y', is: '=~', value: 'b|c\\"} d' }] },
    { name: 'b:c', matchers: [] },
    { name: 'up', matchers: [] },
    { name: 'd', matchers: [] },
    { name: 'e', matchers: [] },
    { name: 'd', matchers: [] },
  ]);
  expect(() => seriesIn('sum(a')).toThrow('not well formed');
});
