import type { Reject } from '../../../shared/contracts/slices.ts';
import type { ItemRules } from '../../../shared/records/item-rules.ts';
import type { RecordRow } from '../../../shared/records/record-kind.ts';
import type { ValidatedItems } from '../validate-items.ts';
import type { ItemEnd } from './item-store.ts';

const BYTES_BESIDE = 4;

/** A staged item as a step is given it: whole numbers as numbers, all else as text; what is absent is left out. */
export function stagedItem(columns: ValidatedItems['columns'], rules: ItemRules, position: number): RecordRow {
  const item: RecordRow = {};
  for (const [name, rule] of Object.entries(rules)) {
    const text = columns[name]?.[position] ?? null;
    if (text !== null) item[name] = rule.type === 'whole' ? Number(text) : text;
  }
  return item;
}

/**
 * What is written of a chunk whose items have come to their end: results as rows, failed items as rejects with their category
 * as code, and what was refused before. Undefined while one of them has not ended.
 * @param staged the chunk as it was staged, with indexes from 0
 * @param ends of its good items, with the batch's indexes
 * @param names the values that a row carries
 */
export function outcomeOf(staged: ValidatedItems, first: number, ends: readonly ItemEnd[], names: readonly string[]): ValidatedItems | undefined {
  const byIndex = new Map(ends.map((end) => [end.index - first, end]));
  const good: number[] = [];
  const rejects: Reject[] = [...staged.rejects];
  const lists = names.map((): (string | null)[] => []);
  let bytes = 0;
  for (const index of staged.good) {
    const end = byIndex.get(index);
    if (end?.state === 'done' && end.result !== null) {
      good.push(index);
      for (const [c, name] of names.entries()) {
        const value = end.result[name];
        const text = value == null ? null : String(value as string | number);
        bytes += BYTES_BESIDE + (text?.length ?? 0);
        lists[c]?.push(text);
      }
    } else if (end?.state === 'failed') rejects.push([index, end.category ?? 'EXECUTION_ERROR', '', end.error ?? '']);
    else return undefined;
  }
  return { total: staged.total, good, columns: Object.fromEntries(names.map((name, c) => [name, lists[c] ?? []])), rejects: rejects.sort((a, b) => a[0] - b[0]), bytes };
}
