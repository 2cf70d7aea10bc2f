/** The answers of Sluice's REST interface on dead letters, as far as they are shown. */

export interface Page<T> {
  content: T[];
  next: string | number | null;
}

export interface Letter {
  id: number;
  state: string;
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
  replayId: string | null;
  firstFailedAt: string;
  lastFailedAt: string;
  closedAt: string | null;
  closedBy: string | null;
  closedReason: string | null;
}

export interface WholeLetter extends Letter {
  payload: string;
  headers: Record<string, string> | null;
  tries: { at: string; code: string }[];
  mirroredAt: string | null;
  provenance: { batchId: string; op: string; index: number | null; shard: number; node: string | null; writtenAt: string | null; client: string | null; clientReference: string | null };
  waitingBehind: { version: number; batchId: string; writtenAt: string }[];
  moreWaiting: boolean;
}

export interface Group {
  sink: string;
  fingerprint: string;
  reason: string;
  count: number;
  dead: number;
  replaying: number;
  firstFailedAt: string;
  lastFailedAt: string;
  example: { id: number };
}

export interface Replay {
  id: string;
  sink: string;
  rate: number;
  state: 'running' | 'stopped' | 'done';
  total: number;
  released: number;
  requestedBy: string;
  requestedAt: string;
  endedAt: string | null;
}

export interface ReplayProgress extends Replay {
  delivered: number;
  superseded: number;
  deadAgain: number;
  onTheWay: number;
}

export interface ReplayPlan {
  sink: string;
  rate: number;
  total: number;
  wouldSend: number;
  wouldSupersede: number;
  seconds: number;
  destinations: { topic: string | null; partition: number | null; messages: number }[];
  first: { id: number; kind: string; recordId: number; version: number; outcome: 'send' | 'supersede'; sendsVersion: number | null; topic: string | null; partition: number | null; waitingBehind: number }[];
}

export interface AuditLine {
  id: number;
  at: string;
  who: string;
  operation: string;
  target: Record<string, unknown>;
  detail: Record<string, unknown> | null;
}
