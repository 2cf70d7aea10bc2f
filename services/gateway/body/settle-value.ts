import { TOO_DEEP } from '../../../shared/records/sentinels.ts';
import { parseExact } from './parse-exact.ts';
import type { ValueScan } from './scan-value.ts';

/** Levels of nesting that an item may have; records are flat, so whatever is deeper is nobody's record. */
export const MAX_DEPTH = 32;

/**
 * What JSON.parse made of a value, put right where something was lost: parsed once more, exactly, if the scan is
 * suspicious of a number or a key, or if it has fewer keys than were written; `TOO_DEEP` beyond `MAX_DEPTH` levels.
 * @param parsed the value as JSON.parse gives it
 * @param bytes the text that holds it at `scan`'s place
 */
export function settleValue(parsed: unknown, bytes: Buffer, scan: ValueScan): unknown {
  if (scan.depth > MAX_DEPTH) return TOO_DEEP;
  if (scan.suspect || (scan.colons > 0 && scan.colons !== countKeys(parsed as object, scan.depth))) return parseExact(bytes.toString('utf8', scan.start, scan.end));
  return parsed;
}

/** Keys of a value and of all that it holds, down to `depth` levels. */
function countKeys(value: object, depth: number): number {
  // An array's places are no keys: counted as such they would make up for a key that was lost.
  if (depth === 1) return Array.isArray(value) ? 0 : Object.keys(value).length;
  const members: unknown[] = Array.isArray(value) ? value : Object.values(value);
  let keys = Array.isArray(value) ? 0 : members.length;
  for (const member of members) if (typeof member === 'object' && member !== null) keys += countKeys(member, depth - 1);
  return keys;
}
