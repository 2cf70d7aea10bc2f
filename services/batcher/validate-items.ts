import type { Reject } from '../../shared/contracts/slices.ts';
import type { Checked } from '../../shared/records/validate-item.ts';
import type { RecordRow } from '../../shared/records/record-kind.ts';
import { storableText } from '../../shared/records/storable-text.ts';

/** The items of a request, divided: the good ones as columns, in order of their indexes, and the rejects. */
export interface ValidatedItems {
  total: number;
  /** Indexes of the good items, ascending. */
  good: number[];
  /** For each carried property, the good items' values as PostgreSQL's text. */
  columns: Record<string, (string | null)[]>;
  rejects: Reject[];
  /** Rough size of the columns in bytes. */
  bytes: number;
}

/** Room for lengths and separators beside each value. */
const BYTES_BESIDE = 4;
/** Faults of one item that are told: an item can have a hundred thousand wrong members, and its reasons travel with its neighbours. */
const MOST_FAULTS = 20;

/** Checks every item and turns the good ones into columns. Never throws: whatever an item is, its fate is its own. */
export function validateItems(items: readonly unknown[], check: (item: unknown) => Checked, carried: readonly string[]): ValidatedItems {
  const good: number[] = [];
  const rejects: Reject[] = [];
  const lists = carried.map((): (string | null)[] => []);
  let bytes = 0;
  for (let index = 0; index < items.length; index++) {
    const checked = check(items[index]);
    if ('faults' in checked) {
      for (const fault of checked.faults.slice(0, MOST_FAULTS)) rejects.push([index, fault.code, storableText(fault.pointer), storableText(fault.message)]);
      const more = checked.faults.length - MOST_FAULTS;
      if (more > 0) rejects.push([index, 'more-faults', '', `And ${more} more faults in this item.`]);
      continue;
    }
    good.push(index);
    const row: RecordRow = checked.item;
    for (let c = 0; c < carried.length; c++) {
      const value = row[carried[c] as string];
      const text = value == null ? null : typeof value === 'string' ? value : String(value as number | boolean);
      bytes += BYTES_BESIDE + (text?.length ?? 0);
      lists[c]?.push(text);
    }
  }
  return { total: items.length, good, columns: Object.fromEntries(carried.map((name, c) => [name, lists[c] ?? []])), rejects, bytes };
}
