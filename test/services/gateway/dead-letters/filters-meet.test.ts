import { filtersMeet } from '../../../../services/gateway/dead-letters/filters-meet.ts';

test.each([
  ['the same group', { fingerprint: 'F' }, { fingerprint: 'F' }, true],
  ['two groups', { fingerprint: 'F' }, { fingerprint: 'G' }, false],
  ['a group and all', { fingerprint: 'F' }, {}, true],
  ['a group and a code', { fingerprint: 'F' }, { code: 'X' }, true],
  ['a group of two kinds', { fingerprint: 'F', kind: 'a' }, { fingerprint: 'F', kind: 'b' }, false],
  ['times one after the other', { until: '2026-01-01T00:00:00.000Z' }, { since: '2026-01-01T00:00:00.001Z' }, false],
  ['times that touch: both ends count', { until: '2026-01-01T00:00:00.000Z' }, { since: '2026-01-01T00:00:00.000Z' }, true],
  ['ids, which are compared elsewhere', { fingerprint: 'F' }, { ids: [1] }, false],
])('%s', (_, one, other, meet) => {
  expect(filtersMeet(one, other)).toBe(meet);
  if (!('ids' in other)) expect(filtersMeet(other, one)).toBe(meet);
});
