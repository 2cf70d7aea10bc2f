import { isBad, itemContent, type LoadSeed } from '../load/items.ts';
import type { Entry } from '../load/journal.ts';
import type { PromiseName } from '../promises.ts';
import type { Row } from './rows.ts';

/** A row with the index that its mark names. */
export type MarkedRow = Row & { index: number };

/** How items of a kind are told from each other: which had to be refused, and in what a row differs from what was sent. */
export interface Content<R> {
  isBad: typeof isBad;
  differenceOf(load: LoadSeed, request: number, row: R): string | undefined;
}

const EXECUTIONS: Content<MarkedRow> = { isBad, differenceOf };

/** What a request tried, and what it found broken. */
export interface Verdict {
  tried: Partial<Record<PromiseName, number>>;
  broken: { promise: PromiseName; text: string }[];
}

/** How the state of a request's batch is known: undefined where there is no such batch. */
export type BatchStateOf = (batchId: string) => 'open' | 'closed' | undefined;

/**
 * Compares what a client was told of one request with the rows that bear its marks. What it was not told may be there or not,
 * but once at most; what had to be refused may never be there.
 */
export function judgeRequest(load: LoadSeed, entry: Entry, rows: readonly MarkedRow[], batchState: BatchStateOf): Verdict {
  return judgeItems(EXECUTIONS, load, entry, rows, batchState);
}

/** The same for items of any kind. */
export function judgeItems<R extends { id: number; index: number }>(content: Content<R>, load: LoadSeed, entry: Entry, rows: readonly R[], batchState: BatchStateOf): Verdict {
  const verdict: Verdict = { tried: {}, broken: [] };
  const broken = (promise: PromiseName, index: number, text: string) => verdict.broken.push({ promise, text: `item ${index}${entry.batchId === undefined ? '' : ` of batch ${entry.batchId}`}: ${text}` });
  const told = fatesOf(entry);
  const byIndex = new Map<number, R[]>();
  for (const row of rows) byIndex.set(row.index, [...(byIndex.get(row.index) ?? []), row]);
  for (const { index, id } of rows) if (index >= entry.items) broken('once', index, `record ${id} is of an item that was never sent`);
  let kept = 0;
  let refused = 0;
  for (let index = 0; index < entry.items; index++) {
    const found = byIndex.get(index) ?? [];
    const fate = told.get(index);
    const bad = content.isBad(load, entry.no, index, entry.badShare);
    const ids = found.map(({ id }) => id).join(' and ');
    if (found.length > 1) for (const promise of entry.keyed ? (['once', 'key'] as const) : (['once'] as const)) broken(promise, index, `is in the table as records ${ids}`);
    if (typeof fate === 'number') {
      kept += 1;
      if (!found.some(({ id }) => id === fate)) broken('kept', index, `told stored as record ${fate}, ${found.length === 0 ? 'is not there' : `is there as ${ids}`}`);
      if (bad) broken('true', index, `had to be refused, and was told stored as record ${fate}`);
    } else if (fate !== undefined) {
      refused += 1;
      if (found.length > 0) broken('true', index, `told ${fate}, is there as record ${ids}`);
      if (fate === 'refused' && !bad) broken('true', index, 'is good, and was refused');
    } else if (bad && found.length > 0) broken('true', index, `had to be refused, is there as record ${ids}`);
    for (const row of found) {
      const differs = content.differenceOf(load, entry.no, row);
      if (differs !== undefined) broken('kept', index, `record ${row.id}: ${differs}`);
    }
  }
  verdict.tried = { kept, true: kept + refused, once: entry.items };
  if (entry.keyed && entry.attempts > 1) verdict.tried.key = 1;
  if (entry.pending === true && entry.batchId !== undefined) judgePending(verdict, entry, entry.batchId, rows.length, batchState);
  return verdict;
}

function judgePending(verdict: Verdict, entry: Entry, batchId: string, rows: number, batchState: BatchStateOf): void {
  verdict.tried.settled = 1;
  const state = batchState(batchId);
  if (state !== 'closed') verdict.broken.push({ promise: 'settled', text: `batch ${batchId}: ${state === undefined ? 'there is no such batch' : 'is still open'}` });
  // A key that came to nothing can make another batch; only without one the closed batch is all there is.
  if (entry.settledWritten !== undefined && !entry.keyed && entry.settledWritten !== rows) {
    verdict.broken.push({ promise: 'settled', text: `batch ${batchId}: closed with ${entry.settledWritten} written, ${rows} are there` });
  }
}

function fatesOf(entry: Entry): Map<number, number | 'refused' | 'withdrawn'> {
  const fates = new Map<number, number | 'refused' | 'withdrawn'>();
  for (const [index, count, id = 0] of entry.stored) for (let i = 0; i < count; i++) fates.set(index + i, id + i);
  for (const [index, count] of entry.refused) for (let i = 0; i < count; i++) fates.set(index + i, 'refused');
  for (const [index, count] of entry.withdrawn) for (let i = 0; i < count; i++) fates.set(index + i, 'withdrawn');
  return fates;
}

/** In what a row differs from the item that was sent; undefined where it is the same. */
function differenceOf(load: LoadSeed, request: number, row: MarkedRow): string | undefined {
  const sent = itemContent(load, request, row.index);
  for (const name of ['tradeType', 'destination', 'quantity', 'limitPrice'] as const) if (row[name] !== sent[name]) return `${name} was sent as ${sent[name]}, is stored as ${String(row[name])}`;
  return undefined;
}
