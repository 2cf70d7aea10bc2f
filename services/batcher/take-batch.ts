import type { Pool } from 'pg';
import type { BatchMetrics, BatchOutcome, TakeBatch } from '../../shared/contracts/actions.ts';
import type { Reject, SliceOutcome } from '../../shared/contracts/slices.ts';
import { CLOSE_BATCH, OPEN_BATCH, RELEASE_KEY } from '../../shared/db/queries/batches.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import { FLEET_ERRORS, fleetErrorType } from '../../shared/errors/fleet-errors.ts';
import type { RecordKind } from '../../shared/records/record-kind.ts';
import { shardOf } from '../../shared/records/shard.ts';
import type { Checked } from '../../shared/records/validate-item.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import { startKeyed } from './batch-key.ts';
import { assignIds, cutRanges, idsNeeded, type CutSlice, type Range } from './cut-slices.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { IdBlocks } from './id-blocks.ts';
import type { Entry, WriteQueue } from './queue.ts';
import { settle, type BatchHead, type LedgerAnswer } from './settle.ts';
import { validateItems, type ValidatedItems } from './validate-items.ts';

/** What the way of a batch needs; no broker in sight. */
export interface TakeTools {
  pool: Pool;
  queue: WriteQueue;
  dispatcher: Dispatcher;
  log: Logger;
  owner: string;
  leaseMs: number;
  statementTimeoutMs: number;
  settlePatienceMs: number;
  shards: number;
  segmentRows: number;
  chunkMaxRows: number;
  chunkMaxBytes: number;
  now: () => number;
  newBatchId: () => string;
  /** Seconds until the queue will have drained. */
  retryAfter: () => number;
  onSettle(cause: string): void;
}

/** A kind, ready to be taken in. */
export interface TakeTarget {
  record: RecordKind;
  carried: readonly string[];
  check: (item: unknown) => Checked;
  ids: IdBlocks;
}

/** A batch on its way through this edge. */
interface Passage {
  head: BatchHead;
  epoch: number;
  sole: boolean;
  params: TakeBatch;
  items: ValidatedItems;
  deadlineAt: number;
  started: number;
  metrics: BatchMetrics;
}

/** Takes work that goes on after the answer; a stopping node waits for it. */
type Background = (work: Promise<unknown>) => void;

/** How long an edge tries to settle a batch of unknown outcome before it leaves that to the reaper. */
const SETTLE_LATER_MS = 20_000;

/** Why items were withdrawn, in the answer's code. */
type WithdrawnCode = 'withdrawn-deadline' | 'withdrawn-unavailable';

/**
 * Takes one batch through: check, open, cut, write, and the truth about every item. Resolves with the outcome, or (when
 * asked to, or when PostgreSQL itself does not answer) with `pending`.
 * @param background gets the rest of the work when the answer is given before its end
 * @throws ProblemError for a key in use, or used for another body
 */
export async function takeBatch(tools: TakeTools, target: TakeTarget, params: TakeBatch, background: Background): Promise<BatchOutcome> {
  const started = tools.now();
  const items = validateItems(params.items, target.check, target.carried);
  const metrics: BatchMetrics = { validateMs: tools.now() - started, queueMs: 0, writeMs: 0, totalMs: 0, slices: 0 };
  const head: BatchHead = { batchId: tools.newBatchId(), kind: target.record.name, client: params.client, requested: items.total, receivedAt: new Date().toISOString() };
  const deadlineAt = started + params.deadlineMs;
  const sole = params.key === undefined && params.async !== true && items.total <= 2 * tools.segmentRows && items.total <= tools.chunkMaxRows && items.bytes <= tools.chunkMaxBytes / 2;
  const passage: Passage = { head, epoch: 0, sole, params, items, deadlineAt, started, metrics };

  if (params.single === true && items.good.length === 0) return outcomeOf(passage, { ids: [0], rejects: items.rejects, missing: [] }, tools);

  let known: LedgerAnswer | undefined;
  if (params.key !== undefined) {
    const start = await startKeyed({ pool: tools.pool, owner: tools.owner, leaseMs: tools.leaseMs, statementTimeoutMs: tools.statementTimeoutMs, now: tools.now }, head, params.key, deadlineAt);
    if (start.start === 'replay') return { ...outcomeOf({ ...passage, head: start.batch }, start.answer, tools), replayed: true };
    if (start.start === 'resume') {
      passage.head = start.batch;
      passage.epoch = start.epoch;
      known = start.answer;
    }
  } else if (!sole) {
    await runStatement(tools.pool, OPEN_BATCH, [head.batchId, head.kind, head.client, head.requested, head.receivedAt, tools.owner, tools.leaseMs], tools.statementTimeoutMs);
  }
  const work = writeBatch(tools, target, passage, known, background);
  if (params.async !== true) return work;
  background(work.catch((error: unknown) => tools.log.error({ err: error, batchId: passage.head.batchId }, 'a batch that was answered PENDING failed; it is settled by the reaper')));
  return { ...outcomeOf(passage, { ids: [], rejects: [], missing: [] }, tools), state: 'pending' };
}

/** Writes what the ledger does not hold yet, and closes or settles. */
async function writeBatch(tools: TakeTools, target: TakeTarget, passage: Passage, known: LedgerAnswer | undefined, background: Background): Promise<BatchOutcome> {
  const { head, items, metrics } = passage;
  const most = passage.sole ? tools.chunkMaxRows : segmentRows(tools, items);
  const ranges = known === undefined ? cutRanges(items.good, 0, items.total, most) : runsOf(known.missing).flatMap(([first, count]) => cutRanges(items.good, first, count, most));
  const answer: LedgerAnswer = known ?? { ids: new Array<number>(items.total).fill(0), rejects: [], missing: [] };

  const result = await writeRanges(tools, target, passage, ranges, answer);
  metrics.totalMs = tools.now() - passage.started;
  if (result === 'complete') {
    if (!passage.sole) await close(tools, passage);
    answer.missing = [];
    answer.rejects.sort((a, b) => a[0] - b[0]);
    return { ...outcomeOf(passage, answer, tools), items: passage.params.items };
  }
  if (result === 'untouched' && passage.sole) {
    // No writer ever saw it, and it has no row: nothing can be written, and nothing needs to be undone.
    return outcomeOf(passage, { ids: [], rejects: items.rejects, missing: items.good }, tools, 'withdrawn-deadline');
  }
  tools.onSettle(result);
  const settled = await settle(tools.pool, head, tools.settlePatienceMs, tools.statementTimeoutMs, tools.now, (error) => tools.log.warn({ err: error, batchId: head.batchId }, 'settling failed and is tried again'));
  metrics.totalMs = tools.now() - passage.started;
  if (settled === undefined) {
    // PostgreSQL does not answer: what became of the batch is not known. It is settled as soon as it can be.
    background(settle(tools.pool, head, SETTLE_LATER_MS, tools.statementTimeoutMs, tools.now, () => undefined));
    return { ...outcomeOf(passage, { ids: [], rejects: [], missing: [] }, tools), state: 'pending' };
  }
  if (settled.missing.length === head.requested && passage.params.key !== undefined) {
    await runStatement(tools.pool, RELEASE_KEY, [head.client, passage.params.key.key, head.batchId], tools.statementTimeoutMs);
  }
  // What was not written and would have been refused anyway is told as refused: sending it again would not help.
  const lost = new Set(settled.missing);
  const answered = { ...settled, rejects: [...settled.rejects, ...items.rejects.filter((r) => lost.has(r[0]))].sort((a, b) => a[0] - b[0]) };
  return { ...outcomeOf(passage, answered, tools, result === 'failed' ? 'withdrawn-unavailable' : 'withdrawn-deadline'), items: passage.params.items };
}

/**
 * Rows of a segment: the setting, less where rows are so large that a chunk of that many would not fit a message.
 */
function segmentRows(tools: TakeTools, items: ValidatedItems): number {
  const mean = items.good.length === 0 ? 1 : items.bytes / items.good.length;
  return Math.max(1, Math.min(tools.segmentRows, Math.floor(tools.chunkMaxBytes / 2 / mean)));
}

type WriteResult = 'complete' | 'deadline' | 'failed' | 'fenced' | 'untouched';

/** Queues the ranges and waits until each is known, or the deadline. Fills `answer` with what became known. */
async function writeRanges(tools: TakeTools, target: TakeTarget, passage: Passage, ranges: readonly Range[], answer: LedgerAnswer): Promise<WriteResult> {
  const { items, metrics } = passage;
  const entries: Entry[] = [];
  let worst: WriteResult = 'complete';
  const worse = (result: WriteResult) => {
    if (worst === 'complete') worst = result;
  };
  const pending = async (list: readonly Range[]): Promise<void> => {
    const count = list.reduce((sum, range) => sum + idsNeeded(range), 0);
    const runs = count === 0 ? [] : await target.ids.take(count);
    const slices = assignIds(list, runs, items.good, items.rejects);
    metrics.slices += slices.length;
    // The slices of a sole batch make its row together, so they share one flush.
    await Promise.all((passage.sole ? [slices] : slices.map((slice) => [slice])).map((group) => write(group)));
  };
  const write = async (group: readonly CutSlice[]): Promise<void> => {
    let entry: Entry | undefined;
    try {
      const outcomes = await new Promise<SliceOutcome[]>((resolve, reject) => {
        entry = entryOf(tools, passage, group, resolve, reject);
        entries.push(entry);
        tools.dispatcher.enqueue([entry]);
      });
      for (const [no, slice] of group.entries()) {
        const outcome = outcomes[no];
        if (outcome === undefined || outcome.outcome === 'fenced') worse('fenced');
        else learn(answer, slice, outcome.rejects);
      }
    } catch (error) {
      if (fleetErrorType(error) === FLEET_ERRORS.idConflict) {
        target.ids.distrust();
        await pending(group);
      } else worse('failed');
    } finally {
      if (entry !== undefined) entry.settled = true;
    }
  };

  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<'deadline'>((resolve) => {
    timer = setTimeout(() => resolve('deadline'), Math.max(0, passage.deadlineAt - tools.now()));
  });
  const all = pending(ranges).then(() => worst);
  const queuedAt = tools.now();
  const result = await Promise.race([all, deadline]).finally(() => clearTimeout(timer));
  metrics.writeMs = tools.now() - queuedAt;
  metrics.queueMs = Math.max(0, ...entries.map((e) => (e.handedOverAt ?? tools.now()) - e.enqueuedAt));
  if (result !== 'deadline') return result;
  all.catch((error: unknown) => tools.log.debug({ err: error }, 'work of a batch ended after its deadline'));
  for (const entry of entries) entry.settled = true;
  tools.queue.drop(passage.head.batchId);
  return entries.some((entry) => entry.handedOverAt !== undefined) ? 'deadline' : 'untouched';
}

function entryOf(tools: TakeTools, passage: Passage, group: readonly CutSlice[], done: Entry['done'], failed: Entry['failed']): Entry {
  const { head, items, params } = passage;
  const from = group[0]?.from ?? 0;
  const to = group.at(-1)?.to ?? from;
  const whole = from === 0 && to === items.good.length;
  const sliceOf: number[] = [];
  const offsetOf: number[] = [];
  for (const [no, slice] of group.entries()) {
    for (let i = slice.from; i < slice.to; i++) {
      sliceOf.push(no);
      offsetOf.push((items.good[i] ?? 0) - slice.firstIndex);
    }
  }
  return {
    kind: head.kind,
    batchId: head.batchId,
    slices: group.map((slice) => ({
      batchId: head.batchId, epoch: passage.epoch, sole: passage.sole, client: head.client, requested: head.requested,
      firstIndex: slice.firstIndex, span: slice.span, firstId: slice.firstId, shard: shardOf(slice.firstId, tools.shards),
      rejects: slice.rejects, receivedAt: head.receivedAt, trace: params.trace,
    })),
    items: group.reduce((sum, slice) => sum + slice.span, 0),
    sliceOf,
    offsetOf,
    columns: whole ? items.columns : Object.fromEntries(Object.entries(items.columns).map(([name, values]) => [name, values.slice(from, to)])),
    bytes: items.good.length === 0 ? 0 : Math.ceil((items.bytes * (to - from)) / items.good.length),
    requestId: params.requestId,
    enqueuedAt: tools.now(),
    deadlineAt: passage.deadlineAt,
    handedOverAt: undefined,
    settled: false,
    done,
    failed,
  };
}

/** Notes what became of a slice that is in the ledger. */
function learn(answer: LedgerAnswer, slice: CutSlice, rejects: readonly Reject[]): void {
  for (let i = 0; i < slice.span; i++) answer.ids[slice.firstIndex + i] = slice.firstId + i;
  for (const reject of rejects) {
    answer.ids[reject[0]] = 0;
    answer.rejects.push(reject);
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
