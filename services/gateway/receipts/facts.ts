import type { Reject } from '../../../shared/contracts/slices.ts';
import type { Acks, Try } from '../../../shared/delivery/acks.ts';
import { toIso } from '../../../shared/records/wire.ts';

/** What the tables say, as receipts are made of it. Instants are ISO 8601. */

export interface BatchFact {
  id: string;
  kind: string;
  clientReference: string | null;
  receivedAt: string;
  closed: boolean;
  /** Items of the request; of a large batch 0 until it is closed. */
  requested: number;
  large: boolean;
  client: string;
}

/** A row of the ledger: a slice, a change or a replay, as one sink is owed it. */
export interface LedgerFact {
  batchId: string;
  op: string;
  /** Empty where the kind has none. */
  sink: string;
  kind: string;
  firstIndex: number;
  span: number;
  shard: number;
  firstId: number;
  version: number;
  written: number;
  rejects: Reject[];
  node: string;
  at: string;
  state: string;
  attempts: number;
  nextAt: string | null;
  acks: Acks | null;
  superseded: number;
  dead: number;
  sentAt: string | null;
  lastError: string | null;
  tries: Record<string, Try[]> | null;
}

/** A change or a replay; `clientReference` is that of its request. */
export interface ChangeFact extends LedgerFact {
  clientReference: string | null;
}

export interface LetterFact {
  id: number;
  sink: string;
  recordId: number;
  version: number;
  topic: string | null;
  partition: number | null;
  state: 'dead' | 'replaying' | 'delivered' | 'discarded' | 'superseded';
  code: string;
  class: string;
  reason: string;
  attempts: number;
  tries: Try[];
  firstFailedAt: string;
  lastFailedAt: string;
  replays: number;
  closedAt: string | null;
  closedBy: string | null;
  closedReason: string | null;
}

type Cells = readonly unknown[];
const isoOrNull = (cell: unknown): string | null => (cell === null ? null : toIso(cell));

/** A row of BATCH_HEAD. */
export function batchFact(c: Cells): BatchFact {
  return { id: c[0] as string, kind: c[1] as string, clientReference: c[2] as string | null, receivedAt: toIso(c[3]), closed: c[4] === 'closed', requested: Number(c[5]), large: c[6] as boolean, client: c[7] as string };
}

/** A row of SLICES_FROM. */
export function ledgerFact(c: Cells): LedgerFact {
  return {
    batchId: c[0] as string, op: c[1] as string, sink: c[2] as string, kind: c[3] as string, firstIndex: Number(c[4]), span: Number(c[5]), shard: Number(c[6]),
    firstId: Number(c[7]), version: Number(c[8]), written: Number(c[9]), rejects: (c[10] as Reject[] | null) ?? [], node: c[11] as string, at: toIso(c[12]),
    state: c[13] as string, attempts: Number(c[14]), nextAt: isoOrNull(c[15]), acks: c[16] as Acks | null, superseded: Number(c[17]), dead: Number(c[18]),
    sentAt: isoOrNull(c[19]), lastError: c[20] as string | null, tries: c[21] as Record<string, Try[]> | null,
  };
}

/** A row of CHANGES_OF. */
export function changeFact(c: Cells): ChangeFact {
  return { ...ledgerFact(c), clientReference: c[22] as string | null };
}

/** A row of LETTERS_OF. */
export function letterFact(c: Cells): LetterFact {
  return {
    id: Number(c[0]), sink: c[1] as string, recordId: Number(c[2]), version: Number(c[3]), topic: c[4] as string | null, partition: c[5] as number | null,
    state: c[6] as LetterFact['state'], code: c[7] as string, class: c[8] as string, reason: c[9] as string, attempts: Number(c[10]), tries: c[11] as Try[],
    firstFailedAt: toIso(c[12]), lastFailedAt: toIso(c[13]), replays: Number(c[14]), closedAt: isoOrNull(c[15]), closedBy: c[16] as string | null, closedReason: c[17] as string | null,
  };
}
