import type { Lane } from '../../../shared/contracts/large.ts';
import { SLICES_BETWEEN } from '../../../shared/db/queries/large-batches.ts';
import { DROP_CHUNK, GIVE_CHUNK_BACK } from '../../../shared/db/queries/staged-chunks.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import type { TakeTarget, TakeTools } from '../take-batch.ts';
import { refusedItems, stagedItems } from './stage-chunk.ts';
import { gapsBetween, writeMissing } from './write-missing.ts';

/** A staged chunk that this edge has leased. */
export interface LeasedChunk {
  batch: { id: string; kind: string; client: string; receivedAt: string; lane: Lane };
  epoch: number;
  first: number;
  span: number;
  body: string;
  trace: string;
  /** With this one. */
  attempts: number;
  /** Until the batch's deadline. */
  leftMs: number;
}

/** What came of an attempt. `poison`: even its refusal cannot be written. */
export type Carried = 'done' | 'again' | 'poison';

/** So often a chunk is tried; then its items are refused. With the pauses that is some five minutes. */
export const MOST_ATTEMPTS = 12;
/** So often it is tried to refuse them; then its batch fails. */
const MOST_REFUSALS = 4;
const TRY_MS = 15_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * One attempt at a leased chunk: writes what the ledger lacks of it, and deletes it when the ledger has all. Otherwise it is
 * given back, to be taken again later, the later the more often it failed. An attempt that was fenced, or found no writer in
 * its time, says nothing against the chunk and does not count.
 */
export async function carryChunk(tools: TakeTools, target: TakeTarget, chunk: LeasedChunk): Promise<Carried> {
  const { batch, epoch, first, span, attempts } = chunk;
  const run = (statement: Parameters<typeof runStatement>[1], values: unknown[]) => runStatement(tools.pool, statement, values, tools.statementTimeoutMs);
  let counts = true;
  let pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
  try {
    const held = (await run(SLICES_BETWEEN, [batch.id, first, first + span])).map((part) => part.map(Number) as [number, number, number]);
    const { missing } = gapsBetween(first, first + span, held);
    const items = itemsOf(tools, chunk);
    const requestId = `${batch.id}/${first}`;
    const { result } = missing.length === 0 ? { result: 'complete' as const } : await writeMissing(tools, target, { batch, epoch, base: first, items, missing, withinMs: Math.min(TRY_MS, chunk.leftMs), requestId, trace: chunk.trace });
    if (result === 'complete') {
      if ((await run(DROP_CHUNK, [batch.id, first])).length > 0) return 'done';
      throw new Error('a chunk was written, and the ledger does not have all of it');
    }
    if (result === 'fenced' || result === 'deadline') counts = false;
    if (result === 'fenced') pause = 0;
    tools.log.warn({ batchId: batch.id, firstIndex: first, result, attempts }, 'a staged chunk was not written; what the ledger lacks is written again');
  } catch (error) {
    tools.log.warn({ err: error, batchId: batch.id, firstIndex: first, attempts }, 'a staged chunk was not carried out; it is tried again');
  }
  if (counts && attempts >= MOST_ATTEMPTS + MOST_REFUSALS) return 'poison';
  // If this fails too, the lease ends by itself.
  await run(GIVE_CHUNK_BACK, [batch.id, first, tools.owner, pause, counts]).catch((error: unknown) => tools.log.debug({ err: error, batchId: batch.id }, 'a lease of a staged chunk could not be given back; it runs out'));
  return 'again';
}

function itemsOf(tools: TakeTools, { batch, first, span, body, attempts }: LeasedChunk): ReturnType<typeof stagedItems> {
  if (attempts <= MOST_ATTEMPTS) return stagedItems(body, span);
  tools.log.error({ batchId: batch.id, firstIndex: first, attempts }, 'a staged chunk could not be carried out, however often it was tried: its items are refused');
  return refusedItems(span, knownRejects(body, span));
}

/** What was wrong with items of the chunk anyway; of a body that cannot be read, nothing is known. */
function knownRejects(body: string, span: number): ReturnType<typeof stagedItems>['rejects'] {
  try {
    return stagedItems(body, span).rejects;
  } catch {
    return [];
  }
}
