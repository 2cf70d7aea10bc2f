import type { Lane } from '../../../shared/contracts/large.ts';
import { SLICES_BETWEEN } from '../../../shared/db/queries/large-batches.ts';
import { CHUNK_EPOCH_NOW, DROP_CHUNK, GIVE_CHUNK_BACK, HELD_CHUNK } from '../../../shared/db/queries/staged-chunks.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import type { ItemsOfChunk } from '../process/carry-items.ts';
import type { TakeTarget, TakeTools } from '../take-batch.ts';
import type { ValidatedItems } from '../validate-items.ts';
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

/** Carries the items of a chunk out, and answers what is to be written of it; undefined when that was stopped. */
export type CarryOut = (items: ItemsOfChunk) => Promise<ValidatedItems | undefined>;

/**
 * One attempt at a leased chunk: writes what the ledger lacks of it, and deletes it when the ledger has all. Otherwise it is
 * given back, to be taken again later, the later the more often it failed. An attempt that was fenced, or found no writer in
 * its time, or was stopped, says nothing against the chunk and does not count.
 * @param carryOut for kinds whose items are carried out before they are written
 */
export async function carryChunk(tools: TakeTools, target: TakeTarget, chunk: LeasedChunk, carryOut?: CarryOut): Promise<Carried> {
  const { batch, first, span, attempts } = chunk;
  const run = (statement: Parameters<typeof runStatement>[1], values: unknown[]) => runStatement(tools.pool, statement, values, tools.statementTimeoutMs);
  let counts = true;
  let pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
  try {
    const held = (await run(SLICES_BETWEEN, [batch.id, first, first + span])).map((part) => part.map(Number) as [number, number, number]);
    const { missing } = gapsBetween(first, first + span, held);
    const written = missing.length === 0;
    const items = written || carryOut === undefined ? itemsOf(tools, chunk) : await itemsCarriedOut(tools, chunk, carryOut);
    const epoch = carryOut === undefined ? chunk.epoch : await epochNow(tools, chunk);
    if (items === undefined || epoch === undefined) return giveBack(tools, chunk, 0, false);
    const requestId = `${batch.id}/${first}`;
    const { result } = written ? { result: 'complete' as const } : await writeMissing(tools, target, { batch, epoch, base: first, items, missing, withinMs: Math.min(TRY_MS, chunk.leftMs), requestId, trace: chunk.trace });
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
  if (counts && attempts >= MOST_ATTEMPTS + MOST_REFUSALS && (await isStillOurs(tools, chunk))) return 'poison';
  return giveBack(tools, chunk, pause, counts);
}

/** What another edge has taken, or carried out, is not ours to give up; where PostgreSQL does not say, nobody does. */
async function isStillOurs({ pool, owner, statementTimeoutMs, log }: TakeTools, { batch, first }: LeasedChunk): Promise<boolean> {
  try {
    return (await runStatement(pool, HELD_CHUNK, [batch.id, first, owner], statementTimeoutMs)).length > 0;
  } catch (error) {
    log.warn({ err: error, batchId: batch.id, firstIndex: first }, 'whether a staged chunk is still held is not known; it is tried again');
    return false;
  }
}

/** If this fails too, the lease ends by itself. */
async function giveBack(tools: TakeTools, { batch, first }: LeasedChunk, pauseMs: number, counts: boolean): Promise<'again'> {
  await runStatement(tools.pool, GIVE_CHUNK_BACK, [batch.id, first, tools.owner, pauseMs, counts], tools.statementTimeoutMs)
    .catch((error: unknown) => tools.log.debug({ err: error, batchId: batch.id }, 'a lease of a staged chunk could not be given back; it runs out'));
  return 'again';
}

/** What is to be written of a chunk whose items are carried out first. One whose body cannot be read is refused whole. */
async function itemsCarriedOut(tools: TakeTools, chunk: LeasedChunk, carryOut: CarryOut): Promise<ValidatedItems | undefined> {
  const { first, span, body, attempts } = chunk;
  const giveUp = attempts > MOST_ATTEMPTS;
  let staged: ValidatedItems;
  try {
    staged = stagedItems(body, span);
  } catch (error) {
    if (!giveUp) throw error;
    return itemsOf(tools, chunk);
  }
  return carryOut({ first, span, staged, giveUp });
}

/** Carrying out takes its time: the epoch may have risen since the chunk was leased, and the lease may have gone to another. */
async function epochNow(tools: TakeTools, { batch, first }: LeasedChunk): Promise<number | undefined> {
  const [held] = await runStatement(tools.pool, CHUNK_EPOCH_NOW, [batch.id, first, tools.owner], tools.statementTimeoutMs);
  return held === undefined ? undefined : Number(held[0]);
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
