/** Dead letters, their replays and the audit as REST answers them; the command line reads the same. */

/** States of a dead letter. The first two are open, the others final. */
export const LETTER_STATES = ['dead', 'replaying', 'delivered', 'discarded', 'superseded'] as const;
export type LetterState = (typeof LETTER_STATES)[number];

/** States of a replay. */
export const REPLAY_STATES = ['running', 'stopped', 'done'] as const;
export type ReplayState = (typeof REPLAY_STATES)[number];

export interface LetterSummary {
  id: number;
  state: LetterState;
  sink: string;
  kind: string;
  recordId: number;
  version: number;
  batchId: string;
  topic: string | null;
  partition: number | null;
  code: string;
  class: string;
  reason: string;
  fingerprint: string;
  attempts: number;
  replays: number;
  /** The last replay that released it. */
  replayId: string | null;
  firstFailedAt: string;
  lastFailedAt: string;
  closedAt: string | null;
  closedBy: string | null;
  closedReason: string | null;
}

export interface Letter extends LetterSummary {
  /** The message as it was sent last. */
  payload: string;
  headers: Record<string, string> | null;
  tries: { at: string; code: string }[];
  mirroredAt: string | null;
  /** Where it came from: `index` is the item's place in its request. */
  provenance: { batchId: string; op: string; firstIndex: number; index: number | null; shard: number; node: string | null; writtenAt: string | null; client: string | null; clientReference: string | null };
  /** Later messages of the same record that wait for this one, in order: only of kinds whose messages are events. */
  waitingBehind: { version: number; batchId: string; writtenAt: string }[];
  /** There are more of them than are listed. */
  moreWaiting: boolean;
}

export interface LetterGroup {
  sink: string;
  fingerprint: string;
  code: string;
  class: string;
  reason: string;
  kinds: string[];
  count: number;
  dead: number;
  replaying: number;
  firstFailedAt: string;
  lastFailedAt: string;
  /** The newest. */
  example: { id: number; recordId: number; batchId: string };
}

/** Dead letters on their way to their sink again, a capped number each second. */
export interface Replay {
  id: string;
  sink: string;
  filter: Record<string, unknown>;
  rate: number;
  state: ReplayState;
  /** Dead letters that were dead and selected when it was asked for. */
  total: number;
  released: number;
  requestedBy: string;
  requestedAt: string;
  endedAt: string | null;
}

/** A replay with what became of what it released. */
export interface ReplayProgress extends Replay {
  delivered: number;
  superseded: number;
  /** Refused again, and dead letters as before. */
  deadAgain: number;
  onTheWay: number;
}

/** What a replay would do. */
export interface ReplayPlan {
  dryRun: true;
  sink: string;
  rate: number;
  /** Dead letters that it would release. */
  total: number;
  /** Messages that would be sent. */
  wouldSend: number;
  /** Dead letters that would be closed as superseded instead: their record is gone. */
  wouldSupersede: number;
  /** Shortest time that the release takes. */
  seconds: number;
  /** Where the messages would go, by topic and partition. */
  destinations: { topic: string | null; partition: number | null; messages: number }[];
  /** The first of them, in the order in which they would be released: that of their ids. */
  first: PlannedMessage[];
}

export interface PlannedMessage {
  id: number;
  kind: string;
  recordId: number;
  /** Version whose message died. */
  version: number;
  outcome: 'send' | 'supersede';
  /** What would be sent: the record's version by now, or for events the message that was kept. Null where nothing would be. */
  sendsVersion: number | null;
  topic: string | null;
  partition: number | null;
  /** Later messages of the same record that wait for this one, and would follow it. */
  waitingBehind: number;
}

/** One line of the audit as it is shown. */
export interface AuditEntry {
  id: number;
  at: string;
  who: string;
  operation: string;
  target: Record<string, unknown>;
  outcome: string;
  detail: Record<string, unknown> | null;
  requestId: string | null;
}

/** One page of a list; `next` is where the following one begins, null at the end. */
export interface Page<T, Cursor = string | number> {
  content: T[];
  next: Cursor | null;
}
