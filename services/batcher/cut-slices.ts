import type { Reject } from '../../shared/contracts/slices.ts';
import type { IdRun } from './id-blocks.ts';

/** A range of indexes of a request, before it has ids. */
export interface Range {
  firstIndex: number;
  span: number;
  /** Positions of its rows among the request's good items: [from, to). */
  from: number;
  to: number;
}

/** A range with the ids of its rows. */
export interface CutSlice extends Range {
  firstId: number;
  rejects: Reject[];
}

/** Rejects leave gaps in the ids; beyond this share of a range it is cut around them instead. */
const GAPS_SHARE = 0.1;
/** Shorter runs of rejects are left as gaps all the same, so that the slices don't become crumbs. */
const LEAST_RUN = 4;

/**
 * Cuts the indexes [first, first + count) into ranges of at most `most` indexes. Where many items were rejected, runs of
 * rejects become ranges of their own, which need no ids.
 * @param good indexes of the good items, ascending; only those inside the range count
 */
export function cutRanges(good: readonly number[], first: number, count: number, most: number): Range[] {
  const ranges: Range[] = [];
  let at = lowerBound(good, first);
  for (let start = first; start < first + count; start += most) {
    const end = Math.min(start + most, first + count);
    const to = lowerBound(good, end);
    if (end - start - (to - at) <= (end - start) * GAPS_SHARE) ranges.push({ firstIndex: start, span: end - start, from: at, to });
    else ranges.push(...cutAround(good, start, end, at, to));
    at = to;
  }
  return ranges;
}

function cutAround(good: readonly number[], start: number, end: number, from: number, to: number): Range[] {
  const ranges: Range[] = [];
  let open = start;
  let openFrom = from;
  for (let i = from; i <= to; i++) {
    const previous = i === from ? start - 1 : (good[i - 1] ?? start - 1);
    const next = i === to ? end : (good[i] ?? end);
    if (next - previous - 1 < LEAST_RUN) continue;
    if (previous + 1 > open) ranges.push({ firstIndex: open, span: previous + 1 - open, from: openFrom, to: i });
    ranges.push({ firstIndex: previous + 1, span: next - previous - 1, from: i, to: i });
    open = next;
    openFrom = i;
  }
  if (open < end) ranges.push({ firstIndex: open, span: end - open, from: openFrom, to });
  return ranges;
}

/** Ids that a range takes: one for each index, unless it has no rows. */
export function idsNeeded(range: Range): number {
  return range.to > range.from ? range.span : 0;
}

/**
 * Gives ids to ranges, in order; a range is cut where a run of ids ends, for there a shard ends.
 * @param runs as many ids in all as `idsNeeded` of the ranges
 */
export function assignIds(ranges: readonly Range[], runs: readonly IdRun[], good: readonly number[], rejects: readonly Reject[]): CutSlice[] {
  const slices: CutSlice[] = [];
  const stock = runs.map((run) => ({ ...run }));
  let reject = 0;
  const rejectsUpTo = (end: number) => {
    const from = reject;
    while (reject < rejects.length && (rejects[reject]?.[0] ?? end) < end) reject++;
    return rejects.slice(from, reject);
  };
  for (const range of ranges) {
    let { firstIndex, span, from } = range;
    // Between two ranges there may be slices of an earlier attempt, which have their rejects already.
    rejectsUpTo(firstIndex);
    if (idsNeeded(range) === 0) {
      slices.push({ ...range, firstId: 1, rejects: rejectsUpTo(firstIndex + span) });
      continue;
    }
    while (span > 0) {
      const run = stock[0];
      if (run === undefined) throw new Error('a range has fewer ids than indexes');
      const length = Math.min(span, run.length);
      const to = length === span ? range.to : lowerBound(good, firstIndex + length);
      slices.push({ firstIndex, span: length, from, to, firstId: run.firstId, rejects: rejectsUpTo(firstIndex + length) });
      run.firstId += length;
      run.length -= length;
      if (run.length === 0) stock.shift();
      firstIndex += length;
      span -= length;
      from = to;
    }
  }
  return slices;
}

/** Position of the first element that is not below `value`. */
export function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
