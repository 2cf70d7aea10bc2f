import { pino } from 'pino';
import { Dispatcher } from '../../../services/batcher/dispatcher.ts';
import { IdBlocks } from '../../../services/batcher/id-blocks.ts';
import { WriteQueue } from '../../../services/batcher/queue.ts';
import { Slots } from '../../../services/batcher/slots.ts';
import { takeBatch, type TakeTarget, type TakeTools } from '../../../services/batcher/take-batch.ts';
import type { BatchOutcome, TakeBatch } from '../../../shared/contracts/actions.ts';
import { compileItemCheck } from '../../../shared/records/validate-item.ts';
import type { Told } from '../../helpers/check-truth.ts';
import type { Actor } from './actor.ts';
import { Died, type Gates } from './stage.ts';

/** Where an edge stops: claiming a key, taking over, settling, closing, reading. */
export const EDGE_GATES: Gates = {
  'insert into idempotency': ['before', 'after'],
  'update batch set epoch': ['before', 'after'],
  'on conflict (id) do update set epoch': ['before', 'within', 'after'],
  "update batch set state = 'closed'": ['before'],
  'distinct on (first_index)': ['before', 'after'],
};

export interface EdgeShape {
  /** Rows of a slice. */
  segmentRows: number;
  /** The writers that it calls; the next one when one is lost. */
  writers: readonly Actor[];
  /** The number of the next free block of ids. */
  nextBlock: () => number;
}

/** An edge's own parts, on this actor's connections, whose calls of writers are calls of these actors. */
export function edgeAt(actor: Actor, { segmentRows, writers, nextBlock }: EdgeShape): { tools: TakeTools; target: TakeTarget } {
  const { pool, tools: { now } } = actor;
  const slots = new Slots();
  slots.update(writers.map((w) => ({ nodeId: w.name, slots: 4, most: 4 })), 1);
  const queue = new WriteQueue();
  const log = pino({ level: 'silent' });
  const dispatcher = new Dispatcher(queue, slots, { aimRows: segmentRows, maxRows: segmentRows, maxBytes: 524_288, interactiveShare: 0.25, lanes: { high: 6, normal: 3, low: 1 } }, {
    async write(nodeId, chunk, deadlineMs) {
      const writer = writers.find((w) => w.name === nodeId);
      try {
        return await (writer as Actor).write(chunk, deadlineMs);
      } catch (error) {
        // A writer that was killed never answers; here the call need not run into its time limit.
        throw error instanceof Died || writer?.stage?.isDead(nodeId) === true ? Object.assign(new Error('no answer'), { type: 'REQUEST_TIMEOUT' }) : error;
      }
    },
    now, log, onHandover: () => undefined, onWritten: () => undefined, onBacklog: () => undefined, after: (ms, run) => setTimeout(run, Math.min(ms, 5)),
  });
  const tools: TakeTools = {
    pool, queue, dispatcher, log, owner: actor.name, inWork: new Set(), leaseMs: 15_000, statementTimeoutMs: 12_000, settlePatienceMs: 15_000, settleLaterMs: 20_000, shards: 32, batchesSink: 'kafka:batches',
    cut: { segmentRows, maxRows: 2_000, maxBytes: 524_288 }, now, retryAfter: () => 1, maxBatchesOfClient: () => 10, onSettle: () => undefined, stopping: new AbortController().signal,
  };
  const { record, carried } = actor.flush.execution;
  return { tools, target: { record, carried, check: compileItemCheck(record.item, record.ignored), ids: new IdBlocks((blocks) => Promise.resolve(Array.from({ length: blocks }, nextBlock)[0] as number)) } };
}

/** Takes a batch in as an edge does. */
export async function takeAt(actor: Actor, shape: EdgeShape, params: Pick<TakeBatch, 'batchId' | 'items'> & Partial<TakeBatch>): Promise<BatchOutcome> {
  const background = new Set<Promise<unknown>>();
  const { tools, target } = edgeAt(actor, shape);
  const outcome = await takeBatch(tools, target, { kind: 'execution', client: 'anonymous', deadlineMs: 15_000, requestId: 'r', trace: '', ...params }, (work) => void background.add(work));
  await Promise.allSettled([...background]);
  return outcome;
}

/** What an answer tells of each item. */
export function toldBy(outcome: BatchOutcome, marks: readonly string[]): Told[] {
  const [refused, withdrawn] = [new Set(outcome.rejects.map((r) => r[0])), new Set(outcome.withdrawn)];
  return marks.map((mark, i): Told => {
    if (outcome.state === 'pending') return { mark, fate: 'unknown' };
    if (refused.has(i)) return { mark, fate: 'refused' };
    return withdrawn.has(i) ? { mark, fate: 'withdrawn' } : { mark, fate: 'stored', id: outcome.ids[i] ?? 0 };
  });
}
