import type { Reject } from '../../shared/contracts/slices.ts';
import type { ItemRules } from '../../shared/records/item-rules.ts';
import type { Range } from './cut-slices.ts';
import type { ValidatedItems } from './validate-items.ts';

/** Bytes that a slice itself takes in a message: ids, client, instant, trace, and the members' names. */
export const SLICE_BYTES = 400;
/** A character of text takes at most this many bytes in JSON (`\u001f`). */
const WIDEST = 6;
const BESIDE_REJECT = 24;
const PLAIN = /^[ !#-[\]-~]*$/;

/** What the items of a request take in messages between nodes, in bytes; never less than what JSON makes of them. */
export interface MessageSize {
  total: number;
  /** Of the indexes [first, first + span). */
  of(first: number, span: number): number;
}

/**
 * Measures what a request's items and rejects take in a message. A message above NATS's maximum payload is not sent at
 * all, so the estimate errs to the safe side: text that JSON must escape, or that UTF-8 widens, counts at its widest.
 */
export function messageSize(items: ValidatedItems, rules: ItemRules): MessageSize {
  const widening = new Map<number, number>();
  for (const [name, rule] of Object.entries(rules)) {
    if (rule.type !== 'text') continue;
    for (const [row, value] of (items.columns[name] ?? []).entries()) {
      if (value !== null && !PLAIN.test(value)) widening.set(row, (widening.get(row) ?? 0) + value.length * (WIDEST - 1));
    }
  }
  let extra = 0;
  for (const bytes of widening.values()) extra += bytes;
  const rejects = items.rejects.reduce((sum, reject) => sum + rejectBytes(reject), 0);
  let sums: Float64Array | undefined;
  return {
    total: items.bytes + extra + rejects,
    of(first, span) {
      sums ??= prefixSums(items, widening);
      return (sums[first + span] ?? 0) - (sums[first] ?? 0);
    },
  };
}

/** By index: the bytes of all indexes before it. */
function prefixSums(items: ValidatedItems, widening: ReadonlyMap<number, number>): Float64Array {
  const sums = new Float64Array(items.total + 1);
  const columns = Object.values(items.columns);
  for (const [row, index] of items.good.entries()) {
    let bytes = widening.get(row) ?? 0;
    for (const values of columns) bytes += 4 + (values[row]?.length ?? 0);
    sums[index + 1] = bytes;
  }
  for (const reject of items.rejects) sums[reject[0] + 1] = (sums[reject[0] + 1] ?? 0) + rejectBytes(reject);
  for (let i = 1; i <= items.total; i++) sums[i] = (sums[i] ?? 0) + (sums[i - 1] ?? 0);
  return sums;
}

function rejectBytes([, code, pointer, message]: Reject): number {
  return BESIDE_REJECT + code.length + jsonBytes(pointer) + jsonBytes(message);
}

/** Most bytes that a text takes in JSON. */
export function jsonBytes(text: string): number {
  return PLAIN.test(text) ? text.length : text.length * WIDEST;
}

/** Halves ranges whose items would not fit a message, until each does or is a single item. */
export function fitRanges(ranges: readonly Range[], cut: (first: number, count: number, most: number) => Range[], size: MessageSize, maxBytes: number): Range[] {
  return ranges.flatMap((range) =>
    range.span === 1 || size.of(range.firstIndex, range.span) <= maxBytes
      ? [range]
      : fitRanges(cut(range.firstIndex, range.span, Math.ceil(range.span / 2)), cut, size, maxBytes),
  );
}
