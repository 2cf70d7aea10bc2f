interface Moment {
  at: number;
  backlog: number;
  delivered: number | null;
}
// A name that is not known before it runs: the page's own files have no types.
const PAGE = '../../../../services/gateway/console/page/outlook.js';
const { outlook } = (await import(PAGE)) as { outlook: (moments: readonly Moment[]) => string | undefined };
const course = (backlogs: readonly number[], delivered: number | null) => backlogs.map((backlog, at): Moment => ({ at, backlog, delivered }));

test.each<[string, Moment[], string | undefined]>([
  ['is empty', course([30, 20, 0], 10), undefined],
  ['was only just seen', course([30], 10), undefined],
  ['drains', course([1_000, 900, 800], 100), 'delivered in about 8 s'],
  ['grows', course([100, 200, 300], 100), 'the backlog grows'],
  ['stands', course([100, 100, 100], 0), 'the backlog stands'],
  ['stays as it is while much goes through', course([1_000, 1_010, 1_000], 1_000), 'steady'],
  ['is judged by its last ten seconds', course([...Array.from({ length: 20 }, () => 0), ...Array.from({ length: 11 }, (_, i) => 1_000 - i * 10)], 10), 'delivered in about 1 min 30 s'],
])('a backlog that %s', (_, moments, expected) => {
  expect(outlook(moments)).toBe(expected);
});
