import { STAGE_CHUNK } from '../../../shared/db/queries/staged-chunks.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import type { TakeTarget, TakeTools } from '../take-batch.ts';
import type { ValidatedItems } from '../validate-items.ts';
import { stageChunk } from './stage-chunk.ts';
import type { Gap } from './write-missing.ts';

/** Items of a staged chunk of a kind with a `process` step: each takes its time, and the nodes share them by chunks. */
const PROCESS_CHUNK_ITEMS = 100;

/** Some items of a large batch that are kept to be carried out later. */
export interface Staging {
  batchId: string;
  epoch: number;
  /** The batch's index of the first item. */
  base: number;
  items: ValidatedItems;
  missing: readonly Gap[];
  trace: string;
}

/**
 * Keeps the missing ranges as chunks to be carried out later.
 * @returns what they count; undefined where one was there already, or PostgreSQL did not answer: then it is looked up
 */
export async function stageMissing(tools: TakeTools, target: TakeTarget, { batchId, epoch, base, items, missing, trace }: Staging): Promise<{ written: number; rejected: number } | undefined> {
  const counts = { written: 0, rejected: 0 };
  try {
    for (const [from, to] of missing.flatMap((gap) => pieces(target, gap))) {
      const { first, span, rejected, body } = stageChunk(items, base, from, to);
      const kept = await runStatement(tools.pool, STAGE_CHUNK, [batchId, epoch, first, span, rejected, body, trace], tools.statementTimeoutMs);
      if (kept.length === 0) return undefined;
      counts.rejected += rejected;
      counts.written += span - rejected;
    }
    return counts;
  } catch (error) {
    tools.log.warn({ err: error, batchId }, 'a chunk was not staged; what is not there is staged again');
    return undefined;
  }
}

function pieces({ record }: TakeTarget, [from, to]: Gap): Gap[] {
  const most = record.process === undefined ? to - from : PROCESS_CHUNK_ITEMS;
  return Array.from({ length: Math.ceil((to - from) / most) }, (_, i): Gap => [from + i * most, Math.min(to, from + (i + 1) * most)]);
}
