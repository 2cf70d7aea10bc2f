import type { FlushesLimited, FlushesMeasured } from './flush-limit.ts';
import type { BatchCommand, BatchState } from '../batches/states.ts';
import type { BreakerState } from '../runtime/breaker.ts';
import type { HealthPart } from '../runtime/health.ts';
import type { NodeFlow } from './flow.ts';
import type { AnswerCounts, Baseline } from './guards.ts';
import type { OpenUpload, UploadEnd, UploadOpened, UploadSegment } from './large.ts';
import type { PoolSample, PoolsJudged, PoolsReport } from './pools.ts';
import type { SubmissionOutcome, SubmitOrders, TradeServiceSays } from './submissions.ts';
import type { Chunk, Reject, SliceOutcome } from './slices.ts';

/**
 * Every action that services offer each other, with what goes in and what comes out: a call with a wrong name or shape
 * does not compile. Actions are commands.
 */
export interface Actions {
  /** Checks, writes and settles one batch of items; resolves when the fate of each is known, or PENDING. Same node as the caller by preference. */
  'batcher.take': { params: TakeBatch; result: BatchOutcome };
  /** Changes or deletes one record under its version; a repeat with the same batch id answers as the first. */
  'writer.change': { params: ChangeRecord; result: ChangeOutcome };
  /** Writes one chunk in one statement; tells what became of each slice. Safe to repeat with the same slices, on any writer. */
  'writer.write': { params: WriteChunk; result: SliceOutcome[] };
  /** Which of these calls of `writer.write` the writer has in hand, those that wait for their turn included. */
  'writer.inHand': { params: { calls: string[] }; result: string[] };
  /** Changes one record for a client: the key's procedure around `writer.change`. */
  'batcher.change': { params: TakeChange; result: ChangeAnswer };
  /** Opens a large upload, or goes on with one; what follows goes to the node that the answer names. */
  'batcher.openUpload': { params: OpenUpload; result: UploadOpened };
  /** The next segment, in order; resolves when it is under way, which is what slows a sender down. */
  'batcher.appendUpload': { params: { uploadId: string; segment: UploadSegment }; result: void };
  /** The upload is complete: resolves when every item of it is in the ledger. */
  'batcher.finishUpload': { params: { uploadId: string; items: number; bytes: number }; result: UploadEnd };
  /** The sender has gone; resolves when what it sent is settled, with the place to go on from. */
  'batcher.breakOffUpload': { params: { uploadId: string }; result: { items: number; bytes: number } | undefined };
  /** A client's command on a large batch; resolves with its state then. */
  'batcher.steer': { params: { batchId: string; client: string; command: BatchCommand }; result: BatchState };
  /** Submits orders to the trade service; resolves with what is known of each at the deadline. */
  'batcher.submit': { params: SubmitOrders; result: SubmissionOutcome };
  /** Asks the trade service about one order, for a person. */
  'batcher.askTradeService': { params: { orderId: number }; result: TradeServiceSays };
  /** State of the node that is asked, and of all it depends on. On every node. */
  'node.health': { params: Record<string, never>; result: NodeHealth };
  /** What the asked node is, and the live settings as it runs them. On every node. */
  'node.about': { params: Record<string, never>; result: NodeAbout };
  /** Changes what the asked node logs; answers what it logged before. On every node. */
  'node.logLevel': { params: { level: string }; result: { before: string } };
  /** Whether new work is wanted on the asked node. On every node. */
  'node.drain': { params: { on: boolean }; result: void };
  /** The asked node's breakers. On every node. */
  'node.breakers': { params: Record<string, never>; result: NodeBreakers };
  /** Opens a breaker of the asked node until it is reset, or resets it; of no effect where it has none of the name. On every node. */
  'node.setBreaker': { params: { name: string; open: boolean }; result: void };
  /** Gives one shard of a sink back, once nothing of it is in flight; whether that is done. The relay leaves it alone for a while. */
  'publisher.giveShard': { params: { sink: string; shard: number }; result: { given: boolean } };
  /** Takes one shard of a sink that nobody owns; whether it could. */
  'publisher.takeShard': { params: { sink: string; shard: number }; result: { taken: boolean } };
  /** What flows through the asked node, as counts and queues of this moment. On every node. */
  'node.flow': { params: Record<string, never>; result: NodeFlow };
  /** What the asked node has answered so far, as counts. On every node. */
  'node.answered': { params: Record<string, never>; result: AnswerCounts };
  /** Figures of the asked node's PostgreSQL pool, now. On every node. */
  'node.pool': { params: Record<string, never>; result: PoolSample };
  /** What the asked monitor knows of the fleet's pools; where one of several watches, undefined of the others. `historyMs`: with its course so far back. */
  'pool-monitor.pools': { params: { historyMs?: number }; result: PoolsReport | undefined };
  /** How the fleet has answered of late: what a guarded change of a setting is compared with. */
  'pool-monitor.baseline': { params: Record<string, never>; result: Baseline };
}

/** Facts; unacknowledged, so they only ever nudge: whoever misses one finds out by polling. */
export interface Events {
  /** Ledger rows were committed for these sinks and shards. */
  'ledger.appended': { sinks: string[]; shards: number[] };
  /** A live setting was changed. */
  'settings.changed': Record<string, never>;
  /** All pools were sampled: what edges may admit. Told anew after each sample. */
  'pools.judged': PoolsJudged;
  /** What an edge saw of its flushes, a few times a second while there are any. */
  'flushes.measured': FlushesMeasured;
  /** How many flushes the fleet may have in flight; told anew after each of the limiter's rounds. */
  'flushes.limited': FlushesLimited;
  /** Something about a large batch was changed by a client. */
  'batch.steered': { batchId: string };
  /** Items that are carried out elsewhere were answered. */
  'items.answered': { batchId: string };
}

export interface NodeBreakers {
  node: string;
  breakers: { name: string; state: BreakerState; tripped: boolean }[];
}

/** A node of the fleet. */
export interface NodeAbout {
  node: string;
  services: string[];
  version: string;
  pid: number;
  host: string;
  /** Seconds. */
  uptime: number;
  memoryMb: number;
  logLevel: string;
  /** Live settings by name. */
  settings: Record<string, string | number | boolean>;
}

export interface TakeBatch {
  /** Given by the gateway, so that it can name the place to ask even if the batcher never answers. */
  batchId: string;
  kind: string;
  items: unknown[];
  client: string;
  /** The caller's own name for the request: kept with the batch, for receipts. */
  clientReference?: string;
  /** Idempotency-Key of the request, with the hash of its body. */
  key?: { key: string; sha: string };
  /** Time left for the call in ms. */
  deadlineMs: number;
  /** Length of the request's body: what it holds of the edge's memory. */
  bytes?: number;
  /** Answer PENDING as soon as the batch is opened. */
  async?: boolean;
  /** A request for one record: when it is refused by the rules, nothing is recorded. */
  single?: boolean;
  requestId: string;
  trace: string;
}

/** What is known of a batch when it is answered. */
export interface BatchOutcome {
  batchId: string;
  state: 'closed' | 'pending';
  /** The answer was given before, to an earlier request with the same key. */
  replayed: boolean;
  requested: number;
  receivedAt: string;
  /** By index: the record's id, or 0 where there is none. */
  ids: number[];
  /** Rejected items, by index. */
  rejects: Reject[];
  /** Indexes that were not written and never will be: safe to send again. With the reason. */
  withdrawn: number[];
  withdrawnCode?: string;
  /** Seconds after which sending again makes sense, when load or time refused items. */
  retryAfter?: number;
  /** The checked items as they were stored, by index; absent on a replay (they are read back then). */
  items?: unknown[];
  metrics: BatchMetrics;
}

/** Durations of a batch in ms, and how it was cut. */
export interface BatchMetrics {
  validateMs: number;
  queueMs: number;
  writeMs: number;
  totalMs: number;
  slices: number;
}

/** A change as a client sends it, checked, with canonical values. */
export interface TakeChange {
  batchId: string;
  kind: string;
  id: number;
  /** The record is deleted; the body says nothing then. */
  remove?: true;
  body: Record<string, unknown>;
  version: number;
  client: string;
  /** The caller's own name for the request: kept with the batch, for receipts. */
  clientReference?: string;
  key?: { key: string; sha: string };
  deadlineMs: number;
  /** Length of the request's body. */
  bytes?: number;
  requestId: string;
  trace: string;
}

export interface ChangeAnswer {
  batchId: string;
  replayed: boolean;
  /** `unknown`: PostgreSQL did not say within the deadline whether it was committed. */
  outcome: Exclude<ChangeOutcome, { outcome: 'fenced' }> | { outcome: 'unknown' } | { outcome: 'withdrawn'; retryAfter: number };
}

export interface NodeHealth {
  node: string;
  services: string[];
  ready: boolean;
  parts: Record<string, HealthPart>;
}

export interface WriteChunk {
  chunk: Chunk;
  /** Time left for the call in ms; never a wall-clock time. */
  deadlineMs: number;
  requestIds: string[];
  /** The caller's name for the call, by which it may ask for it. */
  call?: string;
}

export interface ChangeRecord {
  kind: string;
  id: number;
  /** The record is deleted; the body says nothing then. */
  remove?: true;
  /** The checked body, canonical values. */
  body: Record<string, unknown>;
  version: number;
  batchId: string;
  client: string;
  /** The caller's own name for the request: kept with the batch, for receipts. */
  clientReference?: string;
  deadlineMs: number;
  trace: string;
}

export type ChangeOutcome =
  | { outcome: 'changed'; row: Record<string, unknown>; sentAt: string | null }
  | { outcome: 'repeat'; row: Record<string, unknown>; sentAt: string | null }
  /** `again`: by an earlier try of the same request. */
  | { outcome: 'deleted'; again: boolean }
  | { outcome: 'missing' }
  /** The change was settled before: it was not made and never will be. */
  | { outcome: 'fenced' }
  | { outcome: 'stale'; version: number }
  /** `conflict`: for the state that the record is in, not for what the body says. */
  | { outcome: 'refused'; faults: { pointer: string; code: string; message: string }[]; conflict?: true };
