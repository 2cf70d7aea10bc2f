import type { Lane } from '../../../shared/contracts/large.ts';
import type { Reject } from '../../../shared/contracts/slices.ts';
import { rowRules } from '../../../shared/records/record-kind.ts';
import { cutRanges, type Range } from '../cut-slices.ts';
import { fitRanges, messageSize, SLICE_BYTES } from '../message-size.ts';
import type { TakeTarget, TakeTools } from '../take-batch.ts';
import type { ValidatedItems } from '../validate-items.ts';
import { writeRanges, type WriteEnd } from '../write-ranges.ts';

/** A range of indexes, [from, to). */
export type Gap = readonly [from: number, to: number];

/** Some items of a large batch, and the attempt to write them. */
export interface Portion {
  batch: { id: string; kind: string; client: string; receivedAt: string; lane: Lane };
  epoch: number;
  /** The batch's index of the first item. */
  base: number;
  /** With indexes from 0. */
  items: ValidatedItems;
  /** What the ledger lacks of it. */
  missing: readonly Gap[];
  /** Longest time of the attempt. */
  withinMs: number;
  requestId: string;
  trace: string;
}

/** Writes what the ledger lacks of a portion; the counts are of what is known to be in the ledger now because of it. */
export async function writeMissing(tools: TakeTools, target: TakeTarget, portion: Portion): Promise<{ result: WriteEnd['result']; written: number; rejected: number }> {
  const { batch, base, items: local } = portion;
  const size = messageSize(local, rowRules(target.record));
  const items = { ...local, good: local.good.map((i) => i + base), rejects: local.rejects.map(([i, ...rest]): Reject => [i + base, ...rest]) };
  const cut = (from: number, count: number, most: number): Range[] => cutRanges(items.good, from, count, most);
  const shifted = { total: size.total, of: (from: number, span: number) => size.of(from - base, span) };
  const ranges = fitRanges(portion.missing.flatMap(([from, to]) => cut(from, to - from, tools.cut.segmentRows)), cut, shifted, tools.cut.maxBytes - SLICE_BYTES);
  const head = { batchId: batch.id, kind: batch.kind, client: batch.client, requested: 0, receivedAt: batch.receivedAt };
  const metrics = { validateMs: 0, queueMs: 0, writeMs: 0, totalMs: 0, slices: 0 };
  const { epoch, requestId, trace } = portion;
  const writing = { head, epoch, sole: false, items, size: shifted, deadlineAt: tools.now() + Math.max(0, portion.withinMs), metrics, requestId, trace, lane: batch.lane };
  const learned = { written: 0, rejected: 0 };
  const { result } = await writeRanges(tools, target, writing, ranges, (slice, rejects) => {
    const rejected = new Set(rejects.map(([index]) => index)).size;
    learned.rejected += rejected;
    learned.written += slice.span - rejected;
  });
  return { result, ...learned };
}

/**
 * What is missing of [first, end), and what the rest counts.
 * @param parts what is there, in order, without overlap: first index, span, written
 */
export function gapsBetween(first: number, end: number, parts: readonly (readonly [number, number, number])[]): { missing: Gap[]; written: number; rejected: number } {
  const missing: Gap[] = [];
  let next = first;
  let written = 0;
  let rejected = 0;
  for (const [firstIndex, span, some] of parts) {
    if (firstIndex > next) missing.push([next, firstIndex]);
    next = firstIndex + span;
    written += some;
    rejected += span - some;
  }
  if (next < end) missing.push([next, end]);
  return { missing, written, rejected };
}
