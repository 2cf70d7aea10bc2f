import { SeenVersions } from '../../../../bin/prove/check/seen-versions.ts';

test('the first, a newer, a repeat and an older version of a record are told apart, whatever else comes between', () => {
  const seen = new SeenVersions();
  expect([seen.note(5, 1), seen.note(6, 3), seen.note(5, 2), seen.note(5, 2), seen.note(5, 1), seen.note(6, 2)]).toEqual(['first', 'first', 'newer', 'repeat', 'back', 'back']);
  expect([seen.last(5), seen.last(6), seen.last(7), seen.last(5 + 1_024)]).toEqual([2, 3, 0, 0]);
});

test('what the table explains is left out of the rest, and keeps its version', () => {
  const seen = new SeenVersions();
  for (const id of [0, 1_023, 1_024, 50_000]) seen.note(id, 1);
  for (const id of [0, 1_024, 7]) seen.explain(id);
  expect([...seen.unexplained()]).toEqual([1_023, 50_000]);
  expect([seen.last(0), seen.note(0, 1)]).toEqual([1, 'repeat']);
});
