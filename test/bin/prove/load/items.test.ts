import { bodyOf, isBad, itemContent, itemText, markOf, readMark } from '../../../../bin/prove/load/items.ts';
import { parseExact } from '../../../../services/gateway/body/parse-exact.ts';
import execution from '../../../../shared/records/execution.kind.ts';
import { compileItemCheck } from '../../../../shared/records/validate-item.ts';

const LOAD = { seed: 9, tag: 'AB12' };

test('a mark has 24 characters, says request and index again, and is no mark of another run', () => {
  const mark = markOf(LOAD, 123_456, 78);
  expect(mark).toHaveLength(24);
  expect(readMark(LOAD, mark)).toEqual({ request: 123_456, index: 78 });
  expect(readMark({ ...LOAD, tag: 'ZZZZ' }, mark)).toBeUndefined();
});

test('marks sort as request and index do', () => {
  const marks = [[2, 0], [10, 0], [10, 2], [10, 11], [100, 0]].map(([request, index]) => markOf(LOAD, request as number, index as number));
  expect([...marks].sort()).toEqual(marks);
});

test('an item is the same whenever it is asked for, and another under another seed', () => {
  expect(itemContent(LOAD, 5, 6)).toEqual(itemContent(LOAD, 5, 6));
  expect(itemContent({ ...LOAD, seed: 10 }, 5, 6)).not.toEqual(itemContent(LOAD, 5, 6));
});

test('what the load calls bad is refused by the rules of the kind, and what it calls good is not', () => {
  const check = compileItemCheck(execution.item, execution.ignored);
  for (let index = 0; index < 200; index++) {
    const checked = check(parseExact(itemText(LOAD, 3, index, 0.5)));
    expect('faults' in checked).toBe(isBad(LOAD, 3, index, 0.5));
  }
});

test('a single is the item itself, a batch an object that holds them', () => {
  expect(bodyOf(LOAD, 1, { items: 1, badShare: 0, single: true }).toString()).toBe(itemText(LOAD, 1, 0, 0));
  expect(JSON.parse(bodyOf(LOAD, 1, { items: 3, badShare: 0, single: false }).toString())).toMatchObject({ executions: [{}, {}, { securityId: markOf(LOAD, 1, 2) }] });
});
