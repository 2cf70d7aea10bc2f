import type { RecordRow } from '../../shared/records/record-kind.ts';
import type { LedgerRow } from './ledger-row.ts';

/**
 * What a failure concerns, and so what is done:
 * - `cluster`: nobody answers; the breaker counts it
 * - `partition`: this partition only; it rests, the others go on
 * - `record-batch`: what was sent together; it is sent in halves until the guilty message is alone
 * - `message`: this message alone was refused; only this costs an attempt
 * - `configuration`: somebody must change something; the sink waits and says what
 */
export type FailureClass = 'cluster' | 'partition' | 'record-batch' | 'message' | 'configuration';

export interface SinkFailure {
  class: FailureClass;
  /** Stable, short: the sink's own code. Goes into metrics and ledger. */
  code: string;
  /** One sentence without customers' values. */
  message: string;
  /** What was sent may still arrive: nothing newer may follow until it surely can't. */
  unsettled: boolean;
}

/** Something ready to be sent. What `payload` is only its sink knows. */
export interface Outgoing {
  id: number;
  bytes: number;
  /** Told after all earlier ones of its record, or not at all. */
  isEvent: boolean;
  payload: unknown;
}

/** Messages for one partition, in order. */
export interface PartitionSend {
  partition: number;
  messages: readonly Outgoing[];
}

/** Acknowledged messages: positions [from, to] of what was sent, and the offset of the first. */
export interface AckedRun {
  from: number;
  to: number;
  base: number;
}

/** What became of one partition's messages: positions in neither list are unsent, or their fate is unknown. */
export interface PartitionResult {
  partition: number;
  acked: AckedRun[];
  refused: { position: number; failure: SinkFailure }[];
  /** Why the others were not acknowledged. */
  failure?: SinkFailure;
}

/** A message as it was sent, and where to: what a dead letter keeps. */
export interface Evidence {
  topic: string | null;
  partition: number | null;
  payload: string;
  headers: Record<string, string> | null;
}

/** Whether a sink can be sent to now. */
export type SinkCheck = { ready: true } | { ready: false; failure: SinkFailure };

/** A destination. The relay's loop knows nothing else of it. */
export interface Sink {
  readonly name: string;
  /** What fails together with it, so that one breaker watches all of that: `kafka`, or the name of a service. */
  readonly cluster: string;
  /** Most messages of a send. */
  readonly maxMessages: number;
  /** Most bytes for one partition in one send. */
  readonly maxPartitionBytes: number;
  /** Longest time, in ms, after which a send that was begun surely has arrived or never will. */
  readonly settledAfterMs: number;
  /** Asks the destination whether all is as it should be; makes what is missing where that is allowed. Never rejects. */
  check(): Promise<SinkCheck>;
  /** The partition of a record, or of what its row is about. Only after a check said ready. */
  partitionOf(id: number, row: LedgerRow): number;
  /** The message of a record; of an event, that is in its row, without one. */
  message(row: LedgerRow, id: number, record: RecordRow, sentAt: string | null): Outgoing;
  /** What a dead letter keeps of a message. */
  evidence(message: Outgoing, partition: number): Evidence;
  /** The message that was kept, as it was. Only after a check said ready. */
  kept(row: LedgerRow, id: number, evidence: Pick<Evidence, 'payload' | 'headers'>): Outgoing;
  /**
   * Sends; resolves when the fate of each partition is known, never rejects. `mayGoOn` is asked before each request after
   * the first: a relay that lost its lease must not begin another.
   */
  send(groups: readonly PartitionSend[], mayGoOn: () => boolean): Promise<PartitionResult[]>;
  /** Lets go of all connections. */
  close(): Promise<void>;
}
