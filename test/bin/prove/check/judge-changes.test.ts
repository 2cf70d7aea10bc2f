import { judgeChanges } from '../../../../bin/prove/check/judge-changes.ts';
import type { Change, Changes } from '../../../../bin/prove/load/changes.ts';

const change = (no: number, on: number, fate: Change['fate']): Change => ({ no, on, fate, fromMs: 0, toMs: 1 });
const changes = (...list: Change[]): Changes => new Map([[1, list]]);
const row = (version: number, no: number, averagePrice: string | null = no === 0 ? null : `${no}.25000000`) => ({ id: 1, version, quantityFilled: `${no}.00000000`, averagePrice });

test.each<[string, Changes, ReturnType<typeof row>]>([
  ['a record that nobody changed', new Map(), row(1, 0)],
  ['changes that were made, one after the other', changes(change(5, 1, 'made'), change(9, 2, 'made')), row(3, 9)],
  ['a change of unknown outcome that was made', changes(change(5, 1, 'unknown')), row(2, 5)],
  ['a change of unknown outcome that was not made', changes(change(5, 1, 'unknown')), row(1, 0)],
  ['a change that was refused, then another', changes(change(5, 1, 'refused'), change(9, 1, 'made')), row(2, 9)],
])('%s: fits', (_what, given, found) => {
  expect(judgeChanges(given, found)).toBeUndefined();
});

test.each<[string, Changes, ReturnType<typeof row>]>([
  ['a change that was told made is not there', changes(change(5, 1, 'made')), row(1, 0)],
  ['a refused change is there', changes(change(5, 1, 'refused')), row(2, 5)],
  ['a change nobody asked for is there', new Map(), row(2, 5)],
  ['one change was made twice', changes(change(5, 1, 'made')), row(3, 5)],
  ['a change stands where another was told made', changes(change(5, 1, 'unknown'), change(9, 1, 'made')), row(2, 5)],
  ['half of a change is there', changes(change(5, 1, 'made')), row(2, 5, null)],
  ['content without a version', changes(change(5, 1, 'unknown')), row(1, 5)],
])('%s: is told', (_what, given, found) => {
  expect(judgeChanges(given, found)?.text).toContain('record 1');
});
