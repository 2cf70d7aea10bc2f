import { judgeRequest, type MarkedRow } from '../../../../bin/prove/check/judge-request.ts';
import { isBad, itemContent } from '../../../../bin/prove/load/items.ts';
import { runsOf, type Entry } from '../../../../bin/prove/load/journal.ts';

const LOAD = { seed: 3, tag: 'TEST' };
const NO = 11;
/** Bad and good items of this request, by the load's own word. */
const BAD_SHARE = 0.5;
const indexes = Array.from({ length: 20 }, (_, index) => index);
const BAD = indexes.find((index) => isBad(LOAD, NO, index, BAD_SHARE))!;
const GOOD = indexes.find((index) => !isBad(LOAD, NO, index, BAD_SHARE))!;

const row = (index: number, id: number, more: Partial<MarkedRow> = {}): MarkedRow => ({ ...itemContent(LOAD, NO, index), id, index, quantityFilled: '0.00000000', averagePrice: null, version: 1, ...more });
/** An entry that tells this of these items, and nothing of all others. */
const entry = (fates: Record<number, number | 'refused' | 'withdrawn'>, more: Partial<Entry> = {}): Entry => ({ no: NO, shape: 'small', items: 20, badShare: BAD_SHARE, keyed: false, edge: 0, fromMs: 0, toMs: 1, attempts: 1, ...runsOf(indexes.map((index) => fates[index])), ...more });
const brokenBy = (told: Entry, rows: MarkedRow[], state: 'open' | 'closed' | undefined = 'closed') => judgeRequest(LOAD, told, rows, () => state).broken.map(({ promise }) => promise);

test('true answers break nothing, and every item counts as tried', () => {
  const verdict = judgeRequest(LOAD, entry({ [GOOD]: 100, [BAD]: 'refused' }), [row(GOOD, 100)], () => 'closed');
  expect(verdict).toEqual({ tried: { kept: 1, true: 2, once: 20 }, broken: [] });
});

test('F17 what was told nothing of may be there or not', () => {
  expect(brokenBy(entry({}), [])).toEqual([]);
  expect(brokenBy(entry({}), [row(GOOD, 100)])).toEqual([]);
});

test.each<[string, Entry, MarkedRow[], ...string[]]>([
  ['stored, and is not there', entry({ [GOOD]: 100 }), [], 'kept'],
  ['stored under another id', entry({ [GOOD]: 100 }), [row(GOOD, 101)], 'kept'],
  ['stored with another quantity', entry({ [GOOD]: 100 }), [row(GOOD, 100, { quantity: '1.00000000' })], 'kept'],
  ['stored with the content of another item', entry({ [GOOD]: 100 }), [row(GOOD, 100, itemContent(LOAD, NO, GOOD + 1))], 'kept'],
  ['stored though it had to be refused', entry({ [BAD]: 100 }), [row(BAD, 100)], 'true'],
  ['withdrawn, and is there', entry({ [GOOD]: 'withdrawn' }), [row(GOOD, 100)], 'true'],
  ['refused though it is good (F62)', entry({ [GOOD]: 'refused' }), [], 'true'],
  ['nothing of a bad one, and it is there', entry({}), [row(BAD, 100)], 'true'],
  ['nothing, and it is there twice', entry({}), [row(GOOD, 100), row(GOOD, 101)], 'once'],
  ['an answer under a key, and it is there twice', entry({ [GOOD]: 100 }, { keyed: true, attempts: 2 }), [row(GOOD, 100), row(GOOD, 101)], 'once', 'key'],
  ['nothing, for it was never sent', entry({}), [row(20, 100)], 'once'],
])('an item that was told %s is a lie', (_what, told, rows, ...promises) => {
  expect(brokenBy(told, rows)).toEqual(promises);
});

test('a 202 whose batch is still open, or is not there, is not settled', () => {
  const told = entry({}, { pending: true, batchId: 'b' });
  expect(brokenBy(told, [], 'closed')).toEqual([]);
  expect(brokenBy(told, [], 'open')).toEqual(['settled']);
  expect(judgeRequest(LOAD, told, [], () => undefined).broken).toMatchObject([{ promise: 'settled' }]);
});

test('a batch that was closed with a count has as many rows', () => {
  const told = entry({}, { pending: true, batchId: 'b', settledWritten: 1 });
  expect(brokenBy(told, [row(GOOD, 100)])).toEqual([]);
  expect(brokenBy(told, [])).toEqual(['settled']);
});
