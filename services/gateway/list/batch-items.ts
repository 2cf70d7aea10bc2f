import { BATCH_HEAD } from '../../../shared/db/queries/receipts.ts';
import { batchFact } from '../receipts/facts.ts';
import { asLines } from '../receipts/as-lines.ts';
import { receiptsOf, type ReceiptTools } from '../receipts/read-receipts.ts';

export const ITEM_STATUSES = ['SUCCESS', 'FAILED', 'PENDING'] as const;
export type ItemStatus = (typeof ITEM_STATUSES)[number];

/**
 * The receipts of a batch as pieces of NDJSON, in the order of the request; undefined where there is no such batch.
 * @param only receipts of this status
 */
export async function batchItems(tools: ReceiptTools, batchId: string, only?: ItemStatus): Promise<AsyncGenerator<string> | undefined> {
  const [head] = await tools.run(BATCH_HEAD, [batchId]);
  if (head === undefined) return undefined;
  return asLines(receiptsOf(tools, batchFact(head), { from: 0, to: Infinity, ...(only === undefined ? {} : { only }) }));
}
