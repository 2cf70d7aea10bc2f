import type { LedgerFact, LetterFact } from './facts.ts';

/** What a relay says of one of its sinks. */
export interface RelayStatus {
  /** Why it sends nothing there; undefined while it does. */
  why: string | undefined;
  restingPartitions: readonly number[];
}

/** The relays of the fleet, by node and sink. */
export type RelayView = ReadonlyMap<string, ReadonlyMap<string, RelayStatus>>;

/** Why a message waits. */
export interface Waiting {
  /** `retry`: refused, tried again; `replaying`: a dead letter on its way again; `behind`: an earlier message of the record goes first; `no-relay`, `sink-away`, `partition-rests`: nothing can go there now; `queued`: its turn comes. */
  reason: 'retry' | 'replaying' | 'behind' | 'no-relay' | 'sink-away' | 'partition-rests' | 'queued';
  /** One sentence for people. */
  detail: string;
  /** The last failure of its ledger row, or of the message itself. */
  code?: string;
  /** When it is tried again at the earliest. */
  nextAttemptAt?: string;
  /** The dead letter that it waits for, or is. */
  deadLetter?: number;
}

export interface WaitingFacts {
  row: Pick<LedgerFact, 'sink' | 'shard' | 'nextAt' | 'lastError' | 'tries'>;
  id: number;
  partition: number | null;
  /** Who owns the row's shard now. */
  owner: string | undefined;
  relays: RelayView;
  /** An earlier message of the record that holds this one up: only where messages are events. */
  behind: { version: number; letter: LetterFact | undefined } | undefined;
}

/** The decision which of all reasons is told: the one that is about this very message first, its turn in the queue last. */
export function whyWaiting({ row, id, partition, owner, relays, behind }: WaitingFacts): Waiting {
  const last = row.lastError === null ? {} : { code: row.lastError };
  const refusal = row.tries?.[id]?.at(-1);
  if (refusal !== undefined) {
    const again = row.nextAt === null ? {} : { nextAttemptAt: row.nextAt };
    return { reason: 'retry', detail: `Refused ${row.tries?.[id]?.length ?? 1} time(s), last at ${refusal.at}; tried again.`, code: refusal.code, ...again };
  }
  if (behind !== undefined) {
    const { letter, version } = behind;
    if (letter === undefined) return { reason: 'behind', detail: `Version ${version} of the record was refused and is tried again first.` };
    return { reason: 'behind', detail: `Version ${version} of the record is dead letter ${letter.id}; this one goes once that is delivered or discarded.`, deadLetter: letter.id };
  }
  if (owner === undefined) return { reason: 'no-relay', detail: `No relay owns shard ${row.shard} now; the next one to come takes it.`, ...last };
  const status = relays.get(owner)?.get(row.sink);
  if (status?.why !== undefined) return { reason: 'sink-away', detail: status.why, ...last };
  if (partition !== null && status?.restingPartitions.includes(partition) === true) return { reason: 'partition-rests', detail: `Partition ${partition} failed and rests for a moment; the others go on.`, ...last };
  return { reason: 'queued', detail: `It is in the queue of ${owner}.`, ...last };
}
