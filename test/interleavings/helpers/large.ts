import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { Carriers } from '../../../services/batcher/large/carriers.ts';
import { endOverdue } from '../../../services/batcher/large/end-large.ts';
import { LargeBatches } from '../../../services/batcher/large/large-batches.ts';
import { AnswerWatch } from '../../../services/batcher/process/answer-watch.ts';
import { ItemStore } from '../../../services/batcher/process/item-store.ts';
import { Processing } from '../../../services/batcher/process/processing.ts';
import { readLedger } from '../../../services/batcher/settle.ts';
import { readSettings } from '../../../shared/config/load.ts';
import type { LargeOptions, UploadEnd, UploadSegment } from '../../../shared/contracts/large.ts';
import type { BatchState } from '../../../shared/batches/states.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { execution } from '../../helpers/executions.ts';
import type { Told } from '../../helpers/check-truth.ts';
import type { Actor } from './actor.ts';
import { edgeAt } from './edge.ts';
import { newBatch, type Scene } from './scene.ts';
import type { Gates } from './stage.ts';

export const SEGMENT = 4;

/** Where whoever carries staged chunks stops: looking, claiming, giving back, dropping, ending. */
export const CARRIER_GATES: Gates = {
  "where l.state = 'RUNNING' and l.staged": ['after'],
  'update chunk c set lease_owner': ['before', 'after'],
  'update batch set epoch = epoch + 1 where id = $1 and epoch = $2': ['before'],
  'select distinct on (first_index) first_index, span, written from ledger': ['before', 'after'],
  'delete from chunk c': ['before'],
  "set state = 'COMPLETED'": ['before', 'within', 'after'],
};
/** Where an upload stops: opening, taking over, ending. */
export const UPLOAD_GATES: Gates = {
  'insert into large_batch': ['before', 'after'],
  'update batch set epoch': ['before', 'after'],
  "set state = 'COMPLETED'": ['before', 'within', 'after'],
  'left_to_start as (': ['before', 'within', 'after'],
  'where l.id = $1': ['after'],
};
/** Where a command stops: it has read, moves, closes the fence, counts, ends. */
export const STEER_GATES: Gates = {
  'where l.id = $1': ['after'],
  'update large_batch set state = $3': ['before', 'after'],
  'update batch set epoch = epoch + 1, state': ['before', 'within', 'after'],
  'counts as (': ['before', 'after'],
};

const OPTIONS: LargeOptions = { priority: 'normal', parallelism: 2, checkpointInterval: 1_000_000, enableCheckpointing: true, errorPolicy: 'continue', deadlineMs: 600_000, maxRetryAttempts: 3, tags: [], start: 'auto' };

/** A large batch that comes as an upload, cut as every upload of it is. */
export interface LargeUpload {
  batch: ReturnType<typeof newBatch>;
  /** Indexes that the rules refuse. */
  bad: ReadonlySet<number>;
  segments: UploadSegment[];
  bytes: number;
}

/** @param bad indexes of items that the rules refuse */
export function newUpload(items: number, bad: readonly number[] = []): LargeUpload {
  const batch = newBatch(items);
  const refused = new Set(bad);
  const all = batch.marks.map((securityId, i) => execution({ securityId, ...(refused.has(i) ? { quantity: 0 } : {}) }));
  const segments: UploadSegment[] = [];
  for (let from = 0; from < items; from += SEGMENT) {
    const part = all.slice(from, from + SEGMENT);
    segments.push({ firstIndex: from, items: part, endBytes: 100 * (from + part.length), digest: createHash('sha256').update(JSON.stringify(part)).digest('hex') });
  }
  return { batch, bad: refused, segments, bytes: 100 * items };
}

/** What an edge has of large batches. */
export interface LargeEdge {
  large: LargeBatches;
  /** Uploads all of it, from its first byte; broken off where that fails, as the gateway does it. */
  upload(upload: LargeUpload, how?: { key?: string; start?: LargeOptions['start'] }): Promise<UploadEnd & { batchId: string; replayed: boolean }>;
  steer(batchId: string, command: 'start' | 'pause' | 'resume' | 'cancel'): Promise<BatchState>;
  /** Looks for chunks, and carries what it has got to the end; so many times. */
  carry(times: number): Promise<void>;
  /** Ends what is due to be ended. */
  endOverdue(): Promise<void>;
}

export function largeEdgeAt(actor: Actor, writers: readonly Actor[], { batch }: LargeUpload): LargeEdge {
  const { tools, target } = edgeAt(actor, { segmentRows: SEGMENT, writers, nextBlock: () => batch.ids() / 1_024 });
  const targets = new Map([['execution', target]]);
  const large = new LargeBatches(tools, targets, { most: 10 }, { enter: () => undefined });
  // Executions are stored as they come: no step is carried out first.
  const run: ConstructorParameters<typeof ItemStore>[0] = (statement, values) => runStatement(tools.pool, statement, values, tools.statementTimeoutMs);
  const processing = new Processing({
    store: new ItemStore(run), answers: new AnswerWatch(run, tools.log), steps: new Map(), self: { nodeId: actor.name, tags: [] },
    context: { settings: readSettings({}).settings, record: () => Promise.resolve(undefined), service: () => assert.fail('no step is carried out') }, log: tools.log, random: Math.random, onAttempt: () => undefined,
  });
  const carriers = new Carriers(tools, targets, processing, () => true);
  return {
    large,
    async upload({ segments, bytes }, { key, start = 'auto' } = {}) {
      const items = segments.reduce((sum, segment) => sum + segment.items.length, 0);
      const opened = await large.open({ batchId: key === undefined ? batch.batchId : uuidv7(), kind: 'execution', client: 'anonymous', options: { ...OPTIONS, start }, format: 'ndjson', ...(key === undefined ? {} : { key: { key, sha: 'ef'.repeat(32) } }), requestId: 'r', trace: '' });
      try {
        for (const segment of segments) await large.append(opened.uploadId, segment);
        return { ...(await large.finish(opened.uploadId, items, bytes)), batchId: opened.batchId, replayed: opened.replayed };
      } catch (error) {
        await large.breakOff(opened.uploadId);
        throw error;
      }
    },
    steer: (batchId, command) => large.steer(batchId, 'anonymous', command),
    async carry(times) {
      for (let n = 0; n < times; n++) {
        await carriers.look();
        while (carriers.inHand > 0) await turn();
      }
      await carriers.stop();
    },
    endOverdue: () => endOverdue(tools),
  };
}

/** Where a large batch stands, and how many of its chunks are staged. */
export async function standOf(scene: Scene, batchId: string): Promise<{ state: BatchState; error: string | null; fence: string; staged: number }> {
  const [row] = await scene.engine.rows<{ state: BatchState; error: string | null; fence: string; staged: number }>(
    `select l.state, l.error_code as error, b.state as fence, (select count(*)::int from chunk where batch_id = l.id) as staged from large_batch l join batch b on b.id = l.id where l.id = $1`, [batchId]);
  if (row === undefined) throw new Error(`there is no large batch ${batchId}`);
  return row;
}

/** What the ledger has of each item, and what is wrong with it. */
export async function largeFaults(scene: Scene, { batch: { marks }, bad }: LargeUpload, batchId: string): Promise<{ withdrawn: number; faults: string[] }> {
  const { ids, rejects, missing } = await readLedger(scene.engine.pool, batchId, marks.length, 12_000);
  const [lost, refused] = [new Set(missing), new Set(rejects.map(([index]) => index))];
  const told = marks.map((mark, i): Told => (lost.has(i) ? { mark, fate: 'withdrawn' } : refused.has(i) ? { mark, fate: 'refused' } : { mark, fate: 'stored', id: ids[i] ?? 0 }));
  const faults = await scene.faults({ batchId, told });
  for (const i of refused) if (!bad.has(i)) faults.push(`item ${i} was refused`);
  const events = await scene.engine.rows<{ event: string }>(`select event from ledger where batch_id = $1 and event in ('BatchExecuted', 'ExecutionFailed')`, [batchId]);
  if (events.length > 1) faults.push(`its end was told ${events.length} times: ${events.map(({ event }) => event).join()}`);
  return { withdrawn: missing.length, faults };
}
