import type { Receipt } from './receipt.ts';

/** A receipt among a batch's items. */
export interface ItemReceipt extends Receipt {
  /** Which line of the upload it was, counted from 1 without empty ones; in CSV the header is the first, and a record counts as one line. */
  line?: number;
}

/** The line of an upload in which an item stood; undefined where its format has no lines. */
export function lineOf(index: number, format: string | null): number | undefined {
  if (format === 'ndjson') return index + 1;
  return format === 'csv' ? index + 2 : undefined;
}
