import type { Pool } from 'pg';
import type { BatchMetrics, BatchOutcome, TakeBatch } from '../../shared/contracts/actions.ts';
import { CLOSE_BATCH, OPEN_BATCH, RELEASE_KEY } from '../../shared/db/queries/batches.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import { ProblemError } from '../../shared/errors/problem.ts';
import type { RecordKind } from '../../shared/records/record-kind.ts';
import type { References } from '../../shared/records/references.ts';
import type { Checked } from '../../shared/records/validate-item.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import { childOf, isSampled } from '../../shared/tracing/trace-context.ts';
import type { Tracing } from '../../shared/tracing/tracing.ts';
import { startKeyed, type KeyedStart } from './batch-key.ts';
import { cutRanges } from './cut-slices.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { IdBlocks } from './id-blocks.ts';
import { fitRanges, messageSize, SLICE_BYTES, type MessageSize } from './message-size.ts';
import { persist } from './persist.ts';
import type { WriteQueue } from './queue.ts';
import { cameToNothing, settle, type BatchHead, type LedgerAnswer } from './settle.ts';
import { validateItems, type ValidatedItems } from './validate-items.ts';
import { learnInto, writeRanges } from './write-ranges.ts';

/** What the way of a batch needs; no broker in sight. */
export interface TakeTools {
  pool: Pool;
  queue: WriteQueue;
  dispatcher: Dispatcher;
  log: Logger;
  owner: string;
  /** Ids of the batches that this edge works on: only their leases are renewed. */
  inWork: Set<string>;
  leaseMs: number;
  statementTimeoutMs: number;
  settlePatienceMs: number;
  /** How long an edge tries to settle what it answered PENDING before it leaves that to the reaper, or, stopping, gives up. */
  settleLaterMs: number;
  shards: number;
  /** Sink that is told of large batches. */
  batchesSink: string;
  /** How a request is cut; read anew for each. */
  cut: { readonly segmentRows: number; readonly maxRows: number; readonly maxBytes: number };
  now: () => number;
  /** Seconds until the queue will have drained. */
  retryAfter: () => number;
  /** Large batches that one client may have in flight. */
  maxBatchesOfClient: () => number;
  onSettle(cause: string): void;
  /** Undefined where traces are told to nobody. */
  tracing?: Tracing | undefined;
  /** The node stops. */
  stopping: AbortSignal;
}

/** A kind, ready to be taken in. */
export interface TakeTarget {
  record: RecordKind;
  carried: readonly string[];
  check: (item: unknown) => Checked;
  ids: IdBlocks;
  /** What items must refer to. */
  references?: References;
}

/** A batch on its way through this edge. */
export interface Passage {
  head: BatchHead;
  epoch: number;
  sole: boolean;
  params: TakeBatch;
  items: ValidatedItems;
  size: MessageSize;
  deadlineAt: number;
  started: number;
  metrics: BatchMetrics;
}

/** Takes work that goes on after the answer; a stopping node waits for it. */
type Background = (work: Promise<unknown>) => void;

/** Why items were withdrawn, in the answer's code. */
type WithdrawnCode = 'withdrawn-deadline' | 'withdrawn-unavailable';

/**
 * Takes one batch through: check, open, cut, write, and the truth about every item. Resolves with the outcome, or (when
 * asked to, or when PostgreSQL itself does not answer) with `pending`.
 * @param background gets the rest of the work when the answer is given before its end
 * @throws ProblemError for a key in use, or used for another body, or 503 when PostgreSQL let no batch be opened
 */
export async function takeBatch(tools: TakeTools, target: TakeTarget, params: TakeBatch, background: Background): Promise<BatchOutcome> {
  const started = tools.now();
  await target.references?.lookUp(params.items);
  const items = validateItems(params.items, target.references?.after(target.check) ?? target.check, target.carried);
  if (tools.tracing !== undefined && isSampled(params.trace)) {
    tools.tracing.span({ name: 'validate', own: childOf(params.trace), parent: params.trace, kind: 'internal', startedAt: started, endedAt: tools.now(), attributes: { 'sluice.kind': params.kind, 'sluice.items': items.total, 'sluice.rejected': items.rejects.length, 'sluice.batch_id': params.batchId } });
  }
  const metrics: BatchMetrics = { validateMs: tools.now() - started, queueMs: 0, writeMs: 0, totalMs: 0, slices: 0 };
  const head: BatchHead = { batchId: params.batchId, kind: target.record.name, client: params.client, requested: items.total, receivedAt: new Date().toISOString(), ...referenceOf(params) };
  const deadlineAt = started + params.deadlineMs;
  const size = messageSize(items, target.record.item);
  const sole = params.key === undefined && params.async !== true && items.total <= 2 * tools.cut.segmentRows && items.total <= tools.cut.maxRows && size.total <= tools.cut.maxBytes / 2;
  const passage: Passage = { head, epoch: 0, sole, params, items, size, deadlineAt, started, metrics };

  if (params.single === true && items.good.length === 0) return outcomeOf(passage, { ids: [0], rejects: items.rejects, missing: [] }, tools);

  const leased = [head.batchId];
  tools.inWork.add(head.batchId);
  const leave = () => {
    for (const id of leased) tools.inWork.delete(id);
  };
  let known: LedgerAnswer | undefined;
  try {
    const start = sole ? undefined : await openBatch(tools, passage);
    if (start?.start === 'replay') {
      leave();
      return { ...outcomeOf({ ...passage, head: start.batch }, withRefusals(start.answer, items), tools), replayed: true };
    }
    if (start?.start === 'resume') {
      passage.head = start.batch;
      passage.epoch = start.epoch;
      known = start.answer;
      leased.push(start.batch.batchId);
      tools.inWork.add(start.batch.batchId);
    }
  } catch (error) {
    leave();
    throw error;
  }
  const work = writeBatch(tools, target, passage, known, background).finally(leave);
  if (params.async !== true) return work;
  background(work.catch((error: unknown) => tools.log.error({ err: error, batchId: passage.head.batchId }, 'a batch that was answered PENDING failed; it is settled by the reaper')));
  return { ...outcomeOf(passage, { ids: [], rejects: [], missing: [] }, tools), state: 'pending' };
}

/** The caller's reference, where there is one. */
export function referenceOf({ clientReference }: { clientReference?: string }): { clientReference?: string } {
  return clientReference === undefined ? {} : { clientReference };
}

/** Opens the batch's row, by its key if it has one. What a try may have left open without our knowing, the reaper settles. */
async function openBatch(tools: TakeTools, { head, params, deadlineAt }: Passage): Promise<KeyedStart> {
  const { key } = params;
  const open = async (): Promise<KeyedStart> => {
    if (key !== undefined) return startKeyed(tools, head, key, deadlineAt);
    await runStatement(tools.pool, OPEN_BATCH, [head.batchId, head.kind, head.client, head.requested, head.receivedAt, tools.owner, tools.leaseMs, head.clientReference ?? null], tools.statementTimeoutMs);
    return { start: 'fresh' };
  };
  try {
    return await persist(open, deadlineAt, tools.now, (error) => tools.log.warn({ err: error, batchId: head.batchId }, 'a batch could not be opened; tried again'));
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw unavailable(tools.retryAfter(), error);
  }
}

/** 503: PostgreSQL did not answer, and nothing was handed to a writer. */
function unavailable(retryAfter: number, cause: unknown): ProblemError {
  return new ProblemError({ status: 503, code: 'withdrawn-unavailable', title: 'Withdrawn', detail: 'The database did not answer in time. Nothing was written, and nothing will be by this request. Safe to send again.', headers: { 'Retry-After': String(retryAfter) }, cause });
}

/** Writes what the ledger does not hold yet, and closes or settles. */
async function writeBatch(tools: TakeTools, target: TakeTarget, passage: Passage, known: LedgerAnswer | undefined, background: Background): Promise<BatchOutcome> {
  const { head, items, metrics } = passage;
  const most = passage.sole ? Math.max(1, items.total) : segmentRows(tools, passage);
  const cut = (first: number, count: number, atMost: number) => cutRanges(items.good, first, count, atMost);
  const whole = known === undefined ? cut(0, items.total, most) : runsOf(known.missing).flatMap(([first, count]) => cut(first, count, most));
  const ranges = passage.sole ? whole : fitRanges(whole, cut, passage.size, tools.cut.maxBytes - SLICE_BYTES);
  const answer: LedgerAnswer = known ?? { ids: new Array<number>(items.total).fill(0), rejects: [], missing: [] };

  const { result, handedOver } = await writeRanges(tools, target, { ...passage, requestId: passage.params.requestId, trace: passage.params.trace }, ranges, learnInto(answer));
  metrics.totalMs = tools.now() - passage.started;
  if (result === 'complete') {
    if (!passage.sole) await close(tools, passage);
    answer.missing = [];
    answer.rejects.sort((a, b) => a[0] - b[0]);
    return { ...outcomeOf(passage, answer, tools), items: passage.params.items };
  }
  const code = result === 'deadline' ? 'withdrawn-deadline' : 'withdrawn-unavailable';
  if (!handedOver && passage.sole) {
    // No writer ever saw it, and it has no row: nothing can be written, and nothing needs to be undone.
    return outcomeOf(passage, { ids: [], rejects: items.rejects, missing: items.good }, tools, code);
  }
  tools.onSettle(result);
  const settled = await settle(tools.pool, head, tools.settlePatienceMs, tools.statementTimeoutMs, tools.now, (error) => tools.log.warn({ err: error, batchId: head.batchId }, 'settling failed and is tried again'));
  metrics.totalMs = tools.now() - passage.started;
  if (settled === undefined) {
    // PostgreSQL does not answer: what became of the batch is not known. It is settled as soon as it can be.
    background(settleLater(tools, passage));
    return { ...outcomeOf(passage, { ids: [], rejects: [], missing: [] }, tools), state: 'pending' };
  }
  if (cameToNothing(settled) && passage.params.key !== undefined) await releaseKey(tools, head, passage.params.key.key);
  return { ...outcomeOf(passage, withRefusals(settled, items), tools, code), items: passage.params.items };
}

/**
 * Settles a batch that was answered PENDING, as soon as PostgreSQL answers. One that may have no row is known to nobody
 * else: no reaper would find it, so it is tried until this node stops.
 */
async function settleLater(tools: TakeTools, { head, sole }: Passage): Promise<void> {
  for (;;) {
    const settled = await settle(tools.pool, head, tools.settleLaterMs, tools.statementTimeoutMs, tools.now, (error) => tools.log.debug({ err: error, batchId: head.batchId }, 'a batch that was answered PENDING could not be settled yet'));
    if (settled !== undefined || !sole) return;
    if (!tools.stopping.aborted) continue;
    tools.log.error({ batchId: head.batchId }, 'a batch that was answered PENDING could not be settled before this node stopped: what the ledger holds of it, if anything, is all that was written');
    return;
  }
}

/** Rows of a segment: the setting, less where items are so large that a chunk of that many would not fit a message. */
function segmentRows(tools: TakeTools, { items, size }: Passage): number {
  return Math.max(1, Math.min(tools.cut.segmentRows, Math.floor((tools.cut.maxBytes / 2) * (items.total / Math.max(1, size.total)))));
}

/** What was not written and would have been refused anyway is told as refused: sending it again would not help. */
function withRefusals(answer: LedgerAnswer, items: ValidatedItems): LedgerAnswer {
  const lost = new Set(answer.missing);
  return { ...answer, rejects: [...answer.rejects, ...items.rejects.filter((r) => lost.has(r[0]))].sort((a, b) => a[0] - b[0]) };
}

/** A key whose batch came to nothing may be used again; if that can't be said now, the next use of the key finds it out. */
async function releaseKey(tools: TakeTools, head: BatchHead, key: string): Promise<void> {
  try {
    await runStatement(tools.pool, RELEASE_KEY, [head.client, key, head.batchId], tools.statementTimeoutMs);
  } catch (error) {
    tools.log.warn({ err: error, batchId: head.batchId }, 'a key whose batch came to nothing could not be released; its next use does it');
  }
}

/** A batch that is complete is closed; if that can't be said now, the reaper says it later: nothing depends on it. */
async function close(tools: TakeTools, passage: Passage): Promise<void> {
  try {
    await runStatement(tools.pool, CLOSE_BATCH, [passage.head.batchId, passage.epoch], tools.statementTimeoutMs);
  } catch (error) {
    tools.log.warn({ err: error, batchId: passage.head.batchId }, 'a complete batch could not be closed; the reaper does it');
  }
}

function outcomeOf(passage: Passage, answer: LedgerAnswer, tools: TakeTools, code?: WithdrawnCode): BatchOutcome {
  const rejected = new Set(answer.rejects.map((r) => r[0]));
  const withdrawn = answer.missing.filter((index) => !rejected.has(index));
  return {
    batchId: passage.head.batchId,
    state: 'closed',
    replayed: false,
    requested: passage.head.requested,
    receivedAt: passage.head.receivedAt,
    ids: answer.ids,
    rejects: answer.rejects,
    withdrawn,
    ...(withdrawn.length === 0 ? {} : { withdrawnCode: code ?? 'withdrawn-unavailable', retryAfter: tools.retryAfter() }),
    metrics: passage.metrics,
  };
}

/** Contiguous runs of ascending indexes: [first, count]. */
function runsOf(indexes: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const index of indexes) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === index) last[1]++;
    else runs.push([index, 1]);
  }
  return runs;
}
