import { BATCH_HEAD, BATCH_FORMAT } from '../../../shared/db/queries/receipts.ts';
import { batchFact } from '../receipts/facts.ts';
import { asCsv } from '../receipts/as-csv.ts';
import { asLines } from '../receipts/as-lines.ts';
import { receiptsOf, type ReceiptTools } from '../receipts/read-receipts.ts';
import { lineOf, type ItemReceipt } from '../receipts/line-of.ts';

export const ITEM_STATUSES = ['SUCCESS', 'FAILED', 'PENDING'] as const;
export type ItemStatus = (typeof ITEM_STATUSES)[number];
export const ITEM_FORMATS = ['ndjson', 'csv'] as const;
export type ItemFormat = (typeof ITEM_FORMATS)[number];

/**
 * The receipts of a batch as pieces of NDJSON or CSV, in the order of the request; undefined where there is no such batch. What is
 * in memory does not depend on the batch's size.
 * @param only receipts of this status
 */
export async function batchItems(tools: ReceiptTools, batchId: string, only?: ItemStatus, format: ItemFormat = 'ndjson'): Promise<AsyncGenerator<string> | undefined> {
  const [head] = await tools.run(BATCH_HEAD, [batchId]);
  if (head === undefined) return undefined;
  const fact = batchFact(head);
  const [large] = fact.large ? await tools.run(BATCH_FORMAT, [batchId]) : [];
  const receipts = withLines(receiptsOf(tools, fact, { from: 0, to: Infinity, ...(only === undefined ? {} : { only }) }), (large?.[0] ?? null) as string | null);
  return format === 'csv' ? asCsv(receipts) : asLines(receipts);
}

/** With those that failed stands the line of the upload, where it has lines. */
async function* withLines(receipts: AsyncIterable<ItemReceipt>, format: string | null): AsyncGenerator<ItemReceipt> {
  for await (const receipt of receipts) {
    const line = receipt.status === 'FAILED' ? lineOf(receipt.index, format) : undefined;
    yield line === undefined ? receipt : { ...receipt, line };
  }
}
