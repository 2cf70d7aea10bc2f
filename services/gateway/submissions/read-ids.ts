import { ExactNumber } from '../../../shared/records/exact-number.ts';
import type { Fault } from '../../../shared/records/record-kind.ts';

/** What stands at one place of a request's list: an id that is asked for here first, or what is wrong with it. */
export type Asked = { id: number } | { id: number | null; fault: Omit<Fault, 'pointer'> };

/** Reads the ids of a request, each at its place. The same id again is a fault of the later place: it is submitted once. */
export function readIds(items: readonly unknown[]): Asked[] {
  const first = new Map<number, number>();
  return items.map((given, index): Asked => {
    // Of many digits: whole, it is judged as what it is; else it is no id, whatever whole number it is nearest to.
    const item = given instanceof ExactNumber ? (/^\d+$/.test(given.text) ? Number(given.text) : NaN) : given;
    if (typeof item !== 'number') return { id: null, fault: { code: 'type', message: 'An order id must be a whole number, written as a JSON number.' } };
    if (!Number.isSafeInteger(item) || item < 1) return { id: null, fault: { code: 'range', message: 'An order id must be a whole number from 1 to 2^53 - 1.' } };
    const before = first.get(item);
    if (before !== undefined) return { id: item, fault: { code: 'duplicate', message: `This order stands at ${before} already; its answer is there.` } };
    first.set(item, index);
    return { id: item };
  });
}

/** The ids that are to be submitted, each once. */
export function idsToSubmit(asked: readonly Asked[]): number[] {
  return asked.flatMap((each) => ('fault' in each ? [] : [each.id]));
}
