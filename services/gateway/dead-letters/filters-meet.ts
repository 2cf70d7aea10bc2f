import type { LetterFilter } from './desk.ts';

/**
 * Whether two replays' filters of one sink could match the same dead letter, now or later: what one leaves open the other may
 * name. Lists of ids are compared with what is in the table, not here.
 */
export function filtersMeet(one: LetterFilter, other: LetterFilter & { ids?: unknown }): boolean {
  if (other.ids !== undefined) return false;
  const names = ['fingerprint', 'kind', 'code'] as const;
  if (names.some((name) => one[name] !== undefined && other[name] !== undefined && one[name] !== other[name])) return false;
  return ends(one, other) && ends(other, one);
}

/** ISO 8601 in UTC, with milliseconds: text order is that of time. */
function ends(one: LetterFilter, other: LetterFilter): boolean {
  return one.until === undefined || other.since === undefined || other.since <= one.until;
}
