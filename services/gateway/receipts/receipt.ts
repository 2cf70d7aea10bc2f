import type { Try } from '../../../shared/delivery/acks.ts';
import type { Waiting } from './why-waiting.ts';

/** All that is known of one item. Members that do not apply are left out. */
export interface Receipt {
  /** Place of the item in its request. */
  index: number;
  status: 'SUCCESS' | 'FAILED' | 'PENDING';
  /** Of the record, once it is written. */
  id?: number;
  /** Why it was rejected or withdrawn. */
  errors?: { pointer: string; code: string; message: string }[];
  /** Not written, and never will be: safe to send again. */
  withdrawn?: true;
  batchId: string;
  kind: string;
  clientReference: string | null;
  acceptedAt: string;
  written?: Written;
  /** By sink, what became of the message of this version. */
  delivery?: Delivery[];
  /** Later versions of the record, in order. */
  changes?: Change[];
  /** There are more changes than are told. */
  moreChanges?: true;
}

export interface Written {
  op: string;
  version: number;
  at: string;
  /** The node that wrote it. */
  node: string;
  /** The slice of the batch that it was written with. */
  slice: { firstIndex: number; span: number };
}

export interface Change {
  version: number;
  batchId: string;
  clientReference: string | null;
  at: string;
  node: string;
  delivery: Delivery[];
}

export interface Delivery {
  sink: string;
  state: 'delivered' | 'waiting' | 'superseded' | 'dead' | 'discarded';
  /** Where it lies, or will: null for sinks that are no topic, or while that is not known. */
  topic: string | null;
  partition: number | null;
  offset: number | null;
  /** When its sink acknowledged the last message of its slice; null before. */
  at: string | null;
  /** Sends so far in which a message of its slice was refused. */
  attempts: number;
  /** Refusals of this very message. */
  tries?: Try[];
  waiting?: Waiting;
  /** The version that took its place; null where the record is gone. */
  supersededBy?: number | null;
  deadLetter?: DeadLetter;
  replays?: Replay[];
}

export interface DeadLetter {
  id: number;
  state: string;
  code: string;
  class: string;
  reason: string;
  attempts: number;
  firstFailedAt: string;
  lastFailedAt: string;
  replays: number;
  closedAt: string | null;
  closedBy: string | null;
  closedReason: string | null;
}

/** A replay of a dead letter. */
export interface Replay {
  replayId: string;
  releasedAt: string;
  /** `dead`: refused again. */
  state: 'waiting' | 'delivered' | 'superseded' | 'dead';
  offset: number | null;
  at: string | null;
}
