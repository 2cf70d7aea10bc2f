import type { BatchState } from '../../../shared/batches/states.ts';
import { BATCH_STATUS } from '../../../shared/db/queries/batch-status.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { toIso } from '../../../shared/records/wire.ts';

type Run = (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;

/** Where the records of a batch stand with one sink. */
export interface SinkCounts {
  due: number;
  delivered: number;
  waiting: number;
  dead: number;
  discarded: number;
  superseded: number;
}

export interface BatchStatus {
  batchId: string;
  kind: string;
  /** The caller's own name for the request. */
  clientReference: string | null;
  /** Of a large batch that of its state machine. */
  state: 'open' | 'closed' | BatchState;
  receivedAt: string;
  closedAt: string | null;
  accepted: number;
  written: number;
  rejected: number;
  withdrawn: number;
  pending: number;
  delivery: Record<string, SinkCounts>;
  /** The law: both sides of each sum, counted apart from each other, and whether they agree. */
  law: { items: Sum; delivery: Record<string, Sum> };
}
export interface Sum {
  expected: number;
  found: number;
  holds: boolean;
}

/** State and counts of a batch, of one moment; undefined where there is no such batch. */
export async function batchStatus(run: Run, batchId: string): Promise<BatchStatus | undefined> {
  const [row] = await run(BATCH_STATUS, [batchId]);
  if (row === undefined) return undefined;
  const [kind, state, requestedCell, receivedAt, closedAt, clientReference, ...counts] = row as [string, 'open' | 'closed', number | string, string, string | null, string | null, ...unknown[]];
  const [covered, written, rejected] = counts.slice(0, 3).map(Number) as [number, number, number];
  const staged = counts[3] as string | null;
  const sinks = counts[4] as ({ sink: string } & SinkCounts)[];
  const accepted = Number(requestedCell);
  // What the ledger lacks: of an open batch it is still to come, of a closed one it never will. Of a large one that is open
  // it is counted of what is staged.
  const lacking = Math.max(0, accepted - covered);
  const withdrawn = state === 'closed' ? lacking : 0;
  const pending = state === 'closed' ? 0 : staged === null ? lacking : Number(staged);
  const delivery = Object.fromEntries(sinks.map(({ sink, ...found }) => [sink, found]));
  return {
    batchId, kind, clientReference, state: (counts[5] as BatchState | null) ?? state,
    receivedAt: toIso(receivedAt), closedAt: closedAt === null ? null : toIso(closedAt),
    accepted, written, rejected, withdrawn, pending, delivery,
    law: {
      items: sum(accepted, written + rejected + withdrawn + pending),
      delivery: Object.fromEntries(Object.entries(delivery).map(([sink, s]) => [sink, sum(s.due, s.delivered + s.waiting + s.dead + s.discarded + s.superseded)])),
    },
  };
}

function sum(expected: number, found: number): Sum {
  return { expected, found, holds: expected === found };
}
