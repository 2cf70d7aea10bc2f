import type { BatchMetrics } from '../../shared/contracts/actions.ts';
import type { Lane } from '../../shared/contracts/large.ts';
import type { Reject, SliceOutcome } from '../../shared/contracts/slices.ts';
import type { RecordKind } from '../../shared/records/record-kind.ts';
import { shardOf } from '../../shared/records/shard.ts';
import { assignIds, idsNeeded, type CutSlice, type Range } from './cut-slices.ts';
import type { IdRun } from './id-blocks.ts';
import { jsonBytes, SLICE_BYTES, type MessageSize } from './message-size.ts';
import { persist } from './persist.ts';
import type { Entry } from './queue.ts';
import type { BatchHead, LedgerAnswer } from './settle.ts';
import type { TakeTarget, TakeTools } from './take-batch.ts';
import type { ValidatedItems } from './validate-items.ts';

/** How the writing of a batch ended. */
export interface WriteEnd {
  /** `complete`: every slice is in the ledger. All else must be settled, unless no writer ever had a slice. */
  result: 'complete' | 'deadline' | 'failed' | 'fenced';
  /** A writer was sent something: from then on only the ledger can tell what became of it. */
  handedOver: boolean;
}

/** What is written, and for whom. `sole`: the flush makes the batch's row too. */
export interface Writing {
  head: BatchHead;
  epoch: number;
  sole: boolean;
  items: ValidatedItems;
  size: MessageSize;
  deadlineAt: number;
  metrics: BatchMetrics;
  requestId: string;
  trace: string;
  /** Of a large batch. */
  lane?: Lane;
}

/** Is told of each slice that is in the ledger, with all its rejects. */
export type Learn = (slice: CutSlice, rejects: readonly Reject[]) => void;

/** Queues the ranges and waits until each is known, or the deadline; `learn` hears what became known. */
export async function writeRanges(tools: TakeTools, target: TakeTarget, writing: Writing, ranges: readonly Range[], learn: Learn): Promise<WriteEnd> {
  const { items, metrics } = writing;
  const entries: Entry[] = [];
  let worst: WriteEnd['result'] = 'complete';
  // Once the batch is answered for, nothing of it may start any more, whatever was waited for meanwhile.
  let over = false;
  // Of records that exclude each other the first in the request wins, so its slices are written one after the other.
  const rivals = hasRivals(target.record, items);
  const worse = (result: WriteEnd['result']) => {
    if (worst === 'complete') worst = result;
  };
  const takeIds = async (count: number): Promise<IdRun[] | undefined> => {
    if (count === 0) return [];
    try {
      return await persist(() => target.ids.take(count), writing.deadlineAt, tools.now, (error) => tools.log.warn({ err: error, batchId: writing.head.batchId }, 'ids could not be reserved; tried again'));
    } catch {
      worse('failed'); // reported above, at each try
      return undefined;
    }
  };
  const pending = async (list: readonly Range[]): Promise<void> => {
    const runs = await takeIds(list.reduce((sum, range) => sum + idsNeeded(range), 0));
    if (runs === undefined || over) return;
    const slices = assignIds(list, runs, items.good, items.rejects);
    metrics.slices += slices.length;
    // The slices of a sole batch make its row together, so they share one flush.
    const groups = writing.sole ? [slices] : slices.map((slice) => [slice]);
    if (!rivals) await Promise.all(groups.map((group) => write(group)));
    else for (const group of groups) if (!over && worst === 'complete') await write(group);
  };
  const write = async (group: readonly CutSlice[]): Promise<void> => {
    let entry: Entry | undefined;
    const conflicts: CutSlice[] = [];
    try {
      const outcomes = await new Promise<SliceOutcome[]>((resolve, reject) => {
        entry = entryOf(tools, writing, group, resolve, reject);
        entries.push(entry);
        tools.dispatcher.enqueue([entry]);
      });
      for (const [no, slice] of group.entries()) {
        const outcome = outcomes[no];
        if (outcome === undefined || outcome.outcome === 'fenced') worse('fenced');
        else if (outcome.outcome === 'conflict') conflicts.push(slice);
        else learn(slice, outcome.rejects);
      }
    } catch {
      worse('failed'); // the dispatcher has reported it
    } finally {
      if (entry !== undefined) entry.settled = true;
    }
    // A writer that never answered may still write the old cut: then another cut could write rows twice.
    if (conflicts.length > 0 && entry?.lost === true) worse('failed');
    else {
      for (const slice of conflicts) {
        target.ids.distrust(slice.firstId);
        await pending([slice]);
      }
    }
  };

  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<'deadline'>((resolve) => {
    timer = setTimeout(() => resolve('deadline'), Math.max(0, writing.deadlineAt - tools.now()));
  });
  const queuedAt = tools.now();
  const all = pending(ranges).then(() => worst);
  const result = await Promise.race([all, deadline]).finally(() => clearTimeout(timer));
  over = true;
  metrics.writeMs = tools.now() - queuedAt;
  metrics.queueMs = Math.max(0, ...entries.map((e) => (e.handedOverAt ?? tools.now()) - e.enqueuedAt));
  if (result === 'deadline') {
    all.catch((error: unknown) => tools.log.debug({ err: error }, 'work of a batch ended after its deadline'));
    for (const entry of entries) entry.settled = true;
    tools.queue.drop(writing.head.batchId);
  }
  return { result, handedOver: entries.some((entry) => entry.handedOverAt !== undefined) };
}

/** Whether two items share a value that a constraint of the table may allow only once. */
function hasRivals(record: RecordKind, items: ValidatedItems): boolean {
  return Object.values(record.constraints).some(({ pointer }) => {
    const values = (items.columns[pointer.slice(1)] ?? []).filter((value) => value !== null);
    return new Set(values).size < values.length;
  });
}

function entryOf(tools: TakeTools, writing: Writing, group: readonly CutSlice[], done: Entry['done'], failed: Entry['failed']): Entry {
  const { head, items, size } = writing;
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
  const span = group.reduce((sum, slice) => sum + slice.span, 0);
  // The flush makes the row of a sole batch; any other has its reference since it was opened.
  const reference = writing.sole && head.clientReference !== undefined ? { clientReference: head.clientReference } : {};
  return {
    kind: head.kind,
    ...(writing.lane === undefined ? {} : { lane: writing.lane }),
    batchId: head.batchId,
    slices: group.map((slice) => ({
      ...reference,
      batchId: head.batchId, epoch: writing.epoch, sole: writing.sole, client: head.client, requested: head.requested,
      firstIndex: slice.firstIndex, span: slice.span, firstId: slice.firstId, shard: shardOf(slice.firstId, tools.shards),
      rejects: slice.rejects, receivedAt: head.receivedAt, trace: writing.trace,
    })),
    items: span,
    sliceOf,
    offsetOf,
    columns: whole ? items.columns : Object.fromEntries(Object.entries(items.columns).map(([name, values]) => [name, values.slice(from, to)])),
    bytes: group.length * (SLICE_BYTES + jsonBytes(reference.clientReference ?? '')) + (span === items.total ? size.total : size.of(group[0]?.firstIndex ?? 0, span)),
    requestId: writing.requestId,
    enqueuedAt: tools.now(),
    deadlineAt: writing.deadlineAt,
    handedOverAt: undefined,
    lost: false,
    settled: false,
    done,
    failed,
  };
}

/** Notes in `answer` what became of each slice that is in the ledger. */
export function learnInto(answer: LedgerAnswer): Learn {
  return (slice, rejects) => {
    for (let i = 0; i < slice.span; i++) answer.ids[slice.firstIndex + i] = slice.firstId + i;
    for (const reject of rejects) {
      answer.ids[reject[0]] = 0;
      answer.rejects.push(reject);
    }
  };
}
