import { CHANGES_OF, LETTERS_OF, OWNERS_OF, SLICES_FROM, TOPICS_OF } from '../../../shared/db/queries/receipts.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { MOST_CHANGES, receiptOfGap, SliceReceipts, type Details, type SliceRows } from './build-receipts.ts';
import { changeFact, ledgerFact, letterFact, type BatchFact, type ChangeFact, type LedgerFact } from './facts.ts';
import type { Receipt } from './receipt.ts';
import type { RelayView } from './why-waiting.ts';

/** What reading receipts needs. */
export interface ReceiptTools {
  run: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;
  relays: () => Promise<RelayView>;
  /** Kinds whose messages are events. */
  events: ReadonlySet<string>;
}

/** Which items of a batch: indexes from `from` up to, without, `to`; of one status where `only` is given. */
export interface ItemRange {
  from: number;
  to: number;
  only?: Receipt['status'];
}

/** Slices read at a time: what bounds the memory, for a slice is at most a chunk. */
const SLICES_A_PAGE = 8;
/** The first version is not among the changes, and one more tells that there are more. */
const MOST_VERSIONS = MOST_CHANGES + 2;

/**
 * The receipts of a batch's items, in the order of the request. The batch's state must have been read before: what the
 * ledger lacks of a closed batch was withdrawn for good.
 */
export async function* receiptsOf(tools: ReceiptTools, batch: BatchFact, { from, to, only }: ItemRange): AsyncGenerator<Receipt> {
  const wants = (status: Receipt['status']) => only === undefined || only === status;
  const gap = wants(batch.closed ? 'FAILED' : 'PENDING');
  let next = from;
  for (;;) {
    const rows = (await tools.run(SLICES_FROM, [batch.id, next, SLICES_A_PAGE])).map(ledgerFact);
    const slices = slicesOf(rows);
    const details = await detailsOf(tools, batch.kind, wants('SUCCESS') ? slices : [], next, to);
    for (const slice of slices) {
      const [{ firstIndex, span }] = slice;
      for (; next < Math.min(firstIndex, to); next++) if (gap) yield receiptOfGap(batch, next);
      const receipts = new SliceReceipts(batch, slice, details);
      for (; next < Math.min(firstIndex + span, to); next++) if (wants(receipts.statusOf(next))) yield receipts.of(next);
    }
    if (slices.length < SLICES_A_PAGE || next >= to) break;
  }
  for (const end = Math.min(batch.requested, to); next < end; next++) if (gap) yield receiptOfGap(batch, next);
}

/** The slices of these rows: those of one first index and operation. */
function slicesOf(rows: readonly LedgerFact[]): SliceRows[] {
  const byIndex = Map.groupBy(rows, (row) => row.firstIndex);
  return [...byIndex.values()].map((same) => same.filter((row) => row.op === same[0]?.op) as unknown as SliceRows);
}

/** Changes, dead letters and destinations of the records in these slices whose indexes lie in the range. */
async function detailsOf({ run, relays, events }: ReceiptTools, kind: string, slices: readonly SliceRows[], from: number, to: number): Promise<Details> {
  const low: number[] = [];
  const high: number[] = [];
  for (const [{ firstIndex, span, firstId, written }] of slices) {
    const [start, end] = [Math.max(from, firstIndex), Math.min(to, firstIndex + span)];
    if (written === 0 || start >= end) continue;
    low.push(firstId + start - firstIndex);
    high.push(firstId + end - 1 - firstIndex);
  }
  const changes = low.length === 0 ? [] : (await run(CHANGES_OF, [kind, low, high, MOST_VERSIONS])).map(changeFact);
  const rows: LedgerFact[] = [...slices.flat(), ...changes];
  const letters = rows.some((row) => row.dead > 0) ? (await run(LETTERS_OF, [kind, low, high])).map(letterFact) : [];
  const sinks = [...new Set(rows.map((row) => row.sink).filter((sink) => sink !== ''))];
  const topics = sinks.length === 0 ? [] : await run(TOPICS_OF, [sinks]);
  const waiting = rows.filter((row) => row.state === 'waiting');
  const owners = waiting.length === 0 ? [] : await run(OWNERS_OF, [sinks, [...new Set(waiting.map((row) => row.shard))]]);
  return {
    changes: Map.groupBy(changes, (change: ChangeFact) => change.firstId),
    letters: Map.groupBy(letters, (letter) => letter.recordId),
    topics: new Map(topics.map(([sink, topic, partitions]) => [sink as string, { topic: topic as string, partitions: Number(partitions) }])),
    owners: new Map(owners.flatMap(([sink, shard, owner]) => (owner === null ? [] : [[`${String(sink)} ${String(shard)}`, owner as string] as const]))),
    relays: waiting.length === 0 ? new Map() : await relays(),
    events: events.has(kind),
  };
}
