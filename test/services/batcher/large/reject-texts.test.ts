import { MOST_TEXTS, RejectTexts } from '../../../../services/batcher/large/reject-texts.ts';
import type { ValidatedItems } from '../../../../services/batcher/validate-items.ts';
import type { Reject } from '../../../../shared/contracts/slices.ts';

/** `failed` items with two faults each, before one good item. */
const items = (failed: number): ValidatedItems => ({
  total: failed + 1, good: [failed], columns: { name: ['x'] }, bytes: 5,
  rejects: Array.from({ length: 2 * failed }, (_, i): Reject => [Math.floor(i / 2), `code ${i}`, `/member${i}`, `text ${i}`]),
});
const texts = ({ rejects }: ValidatedItems) => new Set(rejects.filter(([, , , text]) => text !== '').map(([index]) => index)).size;

test('within the bound nothing is changed', () => {
  const some = items(MOST_TEXTS);
  expect(new RejectTexts(0).bound(some)).toBe(some);
});

test('beyond it the text goes: index, code and pointer of each fault stay, and so does all else', () => {
  const all = items(5);
  const bounded = new RejectTexts(MOST_TEXTS - 2).bound(all);
  expect(bounded).toEqual({ ...all, rejects: all.rejects.map(([index, code, pointer, text]) => [index, code, pointer, index < 2 ? text : '']) });
  expect(all.rejects.every(([, , , text]) => text !== '')).toBe(true);
});

test('it counts over all segments, those of earlier uploads too, and never keeps more than the bound', () => {
  for (const [before, segments] of [[0, 30], [2_000, 30], [MOST_TEXTS, 3], [MOST_TEXTS + 500, 3]] as const) {
    const bound = new RejectTexts(before);
    let kept = 0;
    for (let i = 0; i < segments; i++) kept += texts(bound.bound(items(487)));
    expect(kept).toBe(Math.max(0, Math.min(487 * segments, MOST_TEXTS - before)));
  }
  const found = new RejectTexts(0);
  found.kept(MOST_TEXTS - 3);
  expect(texts(found.bound(items(10)))).toBe(3);
});
