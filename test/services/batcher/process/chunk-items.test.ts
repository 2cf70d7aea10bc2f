import { outcomeOf, stagedItem } from '../../../../services/batcher/process/chunk-items.ts';
import type { ItemEnd } from '../../../../services/batcher/process/item-store.ts';

const rules = { id: { type: 'whole', min: 1, max: 9 }, price: { type: 'decimal', precision: 9, scale: 2 }, note: { type: 'text', min: 0, max: 9, optional: true } } as const;
const staged = { total: 4, good: [0, 2, 3], columns: { id: ['1', '2', '3'], price: ['1.50', '2.00', '3.25'], note: [null, 'n', null] }, rejects: [[1, 'type', '/id', 'no'] as [number, string, string, string]], bytes: 9 };
const done = (index: number, result: Record<string, unknown>): ItemEnd => ({ index, state: 'done', category: null, error: null, result });

test('a step is given its item with whole numbers as numbers, decimals as their digits, and nothing for what is absent', () => {
  expect(stagedItem(staged.columns, rules, 0)).toEqual({ id: 1, price: '1.50' });
  expect(stagedItem(staged.columns, rules, 1)).toEqual({ id: 2, price: '2.00', note: 'n' });
});

test('F3 results and failures keep their indexes: rows of those done, rejects of those that failed, in order', () => {
  const failed: ItemEnd = { index: 12, state: 'failed', category: 'TIMEOUT_ERROR', error: 'late', result: null };
  const outcome = outcomeOf(staged, 10, [done(13, { value: '3', extra: null }), failed, done(10, { value: 1 })], ['value', 'extra']);
  expect(outcome).toMatchObject({ total: 4, good: [0, 3], columns: { value: ['1', '3'], extra: [null, null] }, rejects: [[1, 'type', '/id', 'no'], [2, 'TIMEOUT_ERROR', '', 'late']] });
});

test('while one of them has not ended there is nothing to write', () => {
  expect(outcomeOf(staged, 10, [done(10, {}), done(13, {}), { ...done(12, {}), state: 'waiting' }], [])).toBeUndefined();
  expect(outcomeOf(staged, 10, [done(10, {}), done(13, {})], [])).toBeUndefined();
});
