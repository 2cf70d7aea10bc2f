import { judgeRevaluations, type RevaluationRow } from '../../../../bin/prove/check/revaluations.ts';
import { NO_EXECUTION, priceOf } from '../../../../bin/prove/load/revaluations.ts';
import type { Receipt } from '../../../../bin/prove/load/send-upload.ts';

const SECURITY = 'TESTR000000000001I000000';
const [THERE, OTHER] = [11, 12];
const row = (id: number, executionId: number, more: Partial<RevaluationRow> = {}): RevaluationRow => ({ id, executionId, securityId: SECURITY, price: priceOf(SECURITY), isProduct: true, ...more });
const refused = (code: string): Receipt => ({ fate: 'refused', code });
const stored = (id: number): Receipt => ({ fate: id, code: undefined });
const judge = (receipts: (Receipt | undefined)[] | undefined, rows: RevaluationRow[], state: 'open' | 'closed' | undefined = 'closed') =>
  judgeRevaluations({ batchId: 'b', executionIds: [THERE, OTHER, NO_EXECUTION[0]], receipts }, rows, () => state);

test('true receipts break nothing, and every item counts as tried', () => {
  expect(judge([stored(100), refused('RESOURCE_ERROR'), refused('ITEM_ERROR')], [row(100, THERE)])).toEqual({ tried: { once: 3, kept: 1, true: 3, settled: 1 }, broken: [] });
});

test('F17 what was told nothing of may be there or not', () => {
  expect(judge(undefined, [row(100, THERE)]).broken).toEqual([]);
  expect(judge(undefined, []).broken).toEqual([]);
});

test.each<[string, Receipt, RevaluationRow[], string]>([
  ['stored, and is not there', stored(100), [], 'kept'],
  ['stored under another id', stored(100), [row(101, THERE)], 'kept'],
  ['stored at another price', stored(100), [row(100, THERE, { price: '1.00000000' })], 'kept'],
  ['stored with a value that is not their product', stored(100), [row(100, THERE, { isProduct: false })], 'kept'],
  ['stored, and is there twice', stored(100), [row(100, THERE), row(101, THERE)], 'once'],
  ['refused, and is there', refused('SYSTEM_ERROR'), [row(100, THERE)], 'true'],
  ['withdrawn, and is there', { fate: 'withdrawn', code: undefined }, [row(100, THERE)], 'true'],
  ['that its execution does not exist, and it does', refused('ITEM_ERROR'), [], 'true'],
])('an item that was told %s is a lie', (_what, receipt, rows, promise) => {
  expect(judge([receipt, undefined, undefined], rows).broken.map((one) => one.promise)).toEqual([promise]);
});

test.each(['open', undefined] as const)('a batch that is %s after its client has gone is not settled', (state) => {
  expect(judgeRevaluations({ batchId: 'b', executionIds: [], receipts: undefined }, [], () => state).broken.map(({ promise }) => promise)).toEqual(['settled']);
});
