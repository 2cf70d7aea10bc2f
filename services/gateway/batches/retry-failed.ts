import { createHash } from 'node:crypto';
import type { LargeOptions } from '../../../shared/contracts/large.ts';
import { KEPT_COUNT, KEPT_ITEMS } from '../../../shared/db/queries/items.ts';
import type { UploadCalls } from '../upload/upload-calls.ts';
import { newBatchId } from '../write/intake.ts';
import { readProgress, type LargeFact, type Run } from './large-facts.ts';
import type { Retried } from './retry-batch.ts';

export interface RetryTools {
  run: Run;
  calls: UploadCalls;
}

/** The batch whose failed items are tried again, and who asks for it. */
export interface RetryRequest {
  batchId: string;
  client: string;
  /** Asked again with the same key, there is still one new batch. */
  key?: { key: string; sha: string };
  requestId: string;
  trace: string;
}

/** As a large upload's segments. */
const ITEMS_A_SEGMENT = 500;
const FORMAT = 'ndjson';

/**
 * Opens a batch of the items that failed and were kept, with the options of the old one; it starts by itself when all of them are
 * in it. If this breaks off, it never starts, and ends at its deadline.
 * @returns undefined where none of them is kept
 * @throws ProblemError as an upload
 */
export async function retryFailed({ run, calls }: RetryTools, { batchId: parent, client, key, requestId, trace }: RetryRequest): Promise<Retried | undefined> {
  const old = await readProgress(run, parent);
  let lot = await keptItems(run, parent, -1);
  if (old === undefined || lot.length === 0) return undefined;
  const { fact } = old;
  const opened = await calls.open({ batchId: newBatchId(), kind: fact.kind, client, options: optionsOf(fact), format: FORMAT, parent, ...(key === undefined ? {} : { key }), requestId, trace });
  try {
    let [items, bytes] = [0, 0];
    while (lot.length > 0) {
      const text = lot.map(({ input }) => `${input}\n`).join('');
      bytes += Buffer.byteLength(text);
      await calls.append(opened, { firstIndex: items, items: lot.map(({ input }) => JSON.parse(input) as unknown), endBytes: bytes, digest: createHash('sha256').update(text).digest('hex') });
      items += lot.length;
      lot = await keptItems(run, parent, lot.at(-1)?.index ?? 0);
    }
    await calls.finish(opened, items, bytes);
    return { batchId: opened.batchId, parent, items };
  } catch (error) {
    await calls.breakOff(opened);
    throw error;
  }
}

/** How many of its failed items are kept. */
export async function countKept(run: Run, batchId: string): Promise<number> {
  const [row] = await run(KEPT_COUNT, [batchId]);
  return Number(row?.[0]);
}

async function keptItems(run: Run, batchId: string, behind: number): Promise<{ index: number; input: string }[]> {
  return (await run(KEPT_ITEMS, [batchId, behind, ITEMS_A_SEGMENT])).map(([index, input]) => ({ index: Number(index), input: input as string }));
}

/** With as much time as the old one had. */
function optionsOf(fact: LargeFact): LargeOptions {
  return {
    priority: fact.priority, parallelism: fact.parallelism, checkpointInterval: fact.checkpointInterval, enableCheckpointing: fact.checkpointing, errorPolicy: fact.errorPolicy,
    deadlineMs: Math.max(1_000, Date.parse(fact.deadlineAt) - Date.parse(fact.createdAt)), maxRetryAttempts: fact.maxRetries, tags: fact.tags, start: 'auto',
  };
}
