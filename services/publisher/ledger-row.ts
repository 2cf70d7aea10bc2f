import type { AbsentIds, AckedIds, Acks, Try } from '../../shared/delivery/acks.ts';
import type { LedgerOp } from '../../shared/records/record-kind.ts';

/** Refusals so far of the messages that are to be tried again, by record id. They alone wait for the row's next time. */
export type Tries = Readonly<Record<string, readonly Try[]>>;

/** An unfinished row of the ledger: what one sink is owed of one slice, or one message of a replay. */
export interface LedgerRow {
  id: number;
  batchId: string;
  firstIndex: number;
  op: LedgerOp | 'replay' | 'event';
  kind: string;
  shard: number;
  firstId: number;
  span: number;
  version: number;
  acks: Acks | null;
  attempts: number;
  tries: Tries | null;
  /** Ms until its refused messages may be tried again; 0 when they may now. */
  waitMs: number;
  trace: string | null;
  /** When it was written, ISO 8601. */
  at: string;
  /** The database's clock when it was taken, ms since 1970. */
  takenAt: number;
  /** Its messages that were delivered or dead by then. */
  settled: number;
  /** The messages' key, where it is not the record's id. */
  key: string | null;
  /** The message itself, where there is no record to make it of: an event of a batch, or a record's deletion. */
  event: { type: string; payload: string } | null;
}

/** A row as TAKE_DUE answers it. */
export function readLedgerRow(c: readonly unknown[]): LedgerRow {
  return {
    id: Number(c[0]), batchId: c[1] as string, firstIndex: Number(c[2]), op: c[3] as LedgerRow['op'], kind: c[4] as string, shard: Number(c[5]),
    firstId: Number(c[6]), span: Number(c[7]), version: Number(c[8]), acks: c[9] as Acks | null, attempts: Number(c[10]), tries: c[11] as Tries | null,
    waitMs: Number(c[12]), trace: c[13] as string | null, at: c[14] as string, takenAt: Number(c[15]), settled: Number(c[16]),
    key: c[17] as string | null, event: c[19] === null ? null : { type: (c[18] ?? c[3]) as string, payload: c[19] as string },
  };
}

/** The partitions with messages still to be tried, or undefined when none was tried yet. */
export function partitionsLeft(row: LedgerRow): readonly number[] | undefined {
  return row.acks?.left as readonly number[] | undefined;
}

/** The acknowledged runs of a partition that is not finished. */
export function ackedIds(row: LedgerRow, partition: number): AckedIds[] {
  const found = row.acks?.[partition];
  return Array.isArray(found) ? (found as AckedIds[]) : [];
}

/** Ids of which no message was made so far. */
export function absentIds(row: LedgerRow): readonly AbsentIds[] {
  return (row.acks?.absent as AbsentIds[] | undefined) ?? [];
}
