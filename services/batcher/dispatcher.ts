import type { QueueName } from '../../shared/contracts/queues.ts';
import type { SliceOutcome, Chunk } from '../../shared/contracts/slices.ts';
import { fleetErrorType } from '../../shared/errors/fleet-errors.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import { buildChunk } from './build-chunk.ts';
import { RECALLED } from './calls-in-hand.ts';
import { LaneQueue, type LaneWeights } from './large/lane-queue.ts';
import type { Entry, WriteQueue } from './queue.ts';
import type { Slots } from './slots.ts';

/** What the dispatcher needs of the world. */
export interface DispatchTools {
  /** Calls `writer.write` on that node, with a time limit. */
  write(nodeId: string, chunk: Chunk, deadlineMs: number, entries: readonly Entry[]): Promise<SliceOutcome[]>;
  now: () => number;
  log: Logger;
  /** A chunk came to its end: `written`, `full`, `lost`, `failed`. */
  onHandover(result: string): void;
  onWritten(items: number): void;
  /** After each look for slots: whether a chunk of full size waits because none is free. */
  onBacklog(is: boolean): void;
  after(ms: number, run: () => void): void;
}

/** Read anew at each look for slots. */
export interface ChunkLimits {
  /** Rows a chunk has while slots are free; more of them share the waiting rows. */
  aimRows: number;
  maxRows: number;
  maxBytes: number;
  /** Share of the slots that large batches never take while clients wait for requests. */
  interactiveShare: number;
  lanes: LaneWeights;
}

/** A writer's slot, and when it was taken (monotonic ms). */
interface TakenSlot {
  nodeId: string;
  takenAt: number;
}

/** Errors of a call that say the writer is gone or cannot be reached: the same slices go to another one. */
const LOST = new Set(['REQUEST_TIMEOUT', 'REQUEST_REJECTED', 'SERVICE_NOT_FOUND', 'SERVICE_NOT_AVAILABLE', 'GRACEFUL_STOP_TIMEOUT', RECALLED]);
const LOST_PAUSE_MS = 50;
const MOST_NAMED = 20;
/** For so long after a request that a client waits for, large batches leave slots free and write short chunks: the next one may come soon. */
const BESIDE_MS = 10_000;

/**
 * Hands waiting slices to writers while slots are free. When a slot is free nothing waits; what waits while all are
 * busy goes together, up to the maximum of a chunk. If a writer dies, the same slices, same cut, same epoch, go to another.
 */
export class Dispatcher {
  readonly #queue: WriteQueue;
  readonly #lanes: LaneQueue;
  readonly #slots: Slots;
  readonly #limits: ChunkLimits;
  readonly #tools: DispatchTools;
  #scheduled = false;
  readonly #inHand: Record<QueueName, number> = { requests: 0, high: 0, normal: 0, low: 0 };
  /** Chunks of large batches that writers have in hand. */
  #large = 0;
  #abandoned = false;
  /** When the last request came that a client waits for; monotonic ms. */
  #lastRequestAt = -Infinity;

  constructor(queue: WriteQueue, slots: Slots, limits: ChunkLimits, tools: DispatchTools) {
    this.#queue = queue;
    this.#slots = slots;
    this.#limits = limits;
    this.#lanes = new LaneQueue(limits.lanes);
    this.#tools = tools;
  }

  /** Items that writers have in hand and clients wait for. */
  get handedOver(): number {
    return this.#inHand.requests;
  }

  /** Items that writers have in hand, by queue. */
  get inHand(): Readonly<Record<QueueName, number>> {
    return this.#inHand;
  }

  /** Queues slices; they are handed over before this turn of the event loop ends, if a slot is free. */
  enqueue(entries: readonly Entry[]): void {
    for (const entry of entries) (entry.lane === undefined ? this.#queue : this.#lanes).push(entry);
    if (entries.some((entry) => entry.lane === undefined)) this.#lastRequestAt = this.#tools.now();
    this.#schedule();
  }

  /** Items of large batches that wait. */
  get waitingInLanes(): number {
    return this.#lanes.items;
  }

  /** Flushes that large batches may have in flight at this moment. */
  get slotsOfLanes(): number {
    const { total } = this.#slots;
    return this.#beside ? Math.max(1, Math.floor(total * (1 - this.#limits.interactiveShare))) : Math.max(1, total);
  }

  /** Whether clients wait, or did a moment ago. */
  get #beside(): boolean {
    return this.#tools.now() - this.#lastRequestAt < BESIDE_MS;
  }

  /** Looks for free slots: call it when writers came or went. */
  wake(): void {
    this.#schedule();
  }

  /** From now on everything that waits, and that comes, ends as not handed over: nothing can be, and this node stops. */
  abandon(): void {
    this.#abandoned = true;
    this.#schedule();
  }

  /** One look per turn of the event loop, so that requests that arrived together share a flush. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#abandoned) this.#endWaiting();
    else this.#handOut();
    this.#tools.onBacklog(this.#queue.items >= this.#limits.aimRows);
  }

  #endWaiting(): void {
    const waiting: Entry[] = [];
    while (this.#queue.length > 0) waiting.push(...this.#queue.takeChunk(Infinity, Infinity));
    while (this.#lanes.length > 0) waiting.push(...this.#lanes.takeChunk(Infinity, Infinity));
    if (waiting.length > 0) this.#tools.log.warn({ requests: waiting.length, requestIds: named(waiting) }, 'this node stops, and no writer can be reached: what waits is not written');
    for (const entry of waiting) entry.failed(new Error('this node stops, and no writer can be reached'));
  }

  #handOut(): void {
    const { total } = this.#slots;
    const { aimRows } = this.#limits;
    const maxRows = Math.min(this.#limits.maxRows, Math.max(aimRows, this.#slots.maxRows));
    const rows = this.#beside ? aimRows : maxRows;
    // Requests that clients wait for come first; but a large batch is never without a slot for long.
    if (this.#large === 0 && total > 1) this.#handOutLanes(1, rows);
    this.#handOutRequests(maxRows);
    this.#handOutLanes(this.slotsOfLanes, rows);
  }

  #handOutRequests(maxRows: number): void {
    while (this.#queue.length > 0) {
      const now = this.#tools.now();
      const slot = this.#slots.take(now, this.#queue.items >= this.#limits.aimRows);
      if ('lookAgainMs' in slot) {
        if (slot.lookAgainMs !== undefined) this.#tools.after(slot.lookAgainMs, () => this.#schedule());
        return;
      }
      const free = Math.max(1, this.#slots.total - this.#slots.inFlight + 1);
      const rows = Math.min(maxRows, Math.max(this.#limits.aimRows, Math.ceil(this.#queue.items / free)));
      void this.#handOver({ nodeId: slot.nodeId, takenAt: now }, this.#queue.takeChunk(rows, this.#limits.maxBytes));
    }
  }

  /** Chunks of large batches of at most `maxRows`, while they hold fewer than `most` slots. */
  #handOutLanes(most: number, maxRows: number): void {
    while (this.#lanes.length > 0 && this.#large < most) {
      const now = this.#tools.now();
      const slot = this.#slots.take(now, true);
      if ('lookAgainMs' in slot) return;
      const rows = Math.min(maxRows, Math.max(this.#limits.aimRows, Math.ceil(this.#lanes.items / most)));
      const taken = this.#lanes.takeChunk(rows, this.#limits.maxBytes);
      if (taken.length === 0) {
        this.#giveBack({ nodeId: slot.nodeId, takenAt: now }, false);
        return;
      }
      this.#large++;
      void this.#handOver({ nodeId: slot.nodeId, takenAt: now }, taken).finally(() => {
        this.#large--;
        this.#schedule();
      });
    }
  }

  async #handOver(slot: TakenSlot, taken: Entry[]): Promise<void> {
    const now = this.#tools.now();
    const deadlineMs = Math.max(...taken.map((e) => e.deadlineAt)) - now;
    for (const entry of taken) entry.handedOverAt ??= now;
    // A chunk is of one queue.
    const queue = taken[0]?.lane ?? 'requests';
    const items = taken.reduce((sum, entry) => sum + entry.items, 0);
    this.#inHand[queue] += items;
    try {
      const { chunk, entries } = buildChunk(taken);
      const outcomes = await this.#tools.write(slot.nodeId, chunk, deadlineMs, entries);
      if (outcomes.length !== chunk.slices.length) throw new Error(`a writer answered for ${outcomes.length} slices of ${chunk.slices.length}`);
      this.#giveBack(slot, false);
      this.#tools.onHandover('written');
      if (queue === 'requests') this.#tools.onWritten(items);
      let at = 0;
      for (const entry of entries) entry.done(outcomes.slice(at, (at += entry.slices.length)));
    } catch (error) {
      this.#failed(slot, taken, error);
    } finally {
      this.#inHand[queue] -= items;
    }
  }

  #failed(slot: TakenSlot, entries: Entry[], error: unknown): void {
    const type = fleetErrorType(error);
    if (type === 'QUEUE_FULL') {
      this.#tools.onHandover('full');
      this.#requeue(entries);
      this.#giveBack(slot, true);
    } else if (type !== undefined && LOST.has(type)) {
      this.#tools.onHandover('lost');
      for (const entry of entries) entry.lost = true;
      this.#tools.log.warn({ err: error, writer: slot.nodeId, requests: entries.length, requestIds: named(entries) }, 'a writer did not answer; its slices go to another');
      this.#tools.after(LOST_PAUSE_MS, () => this.#requeue(entries));
      this.#giveBack(slot, false);
    } else {
      this.#tools.onHandover('failed');
      this.#tools.log.warn({ err: error, writer: slot.nodeId, requests: entries.length, requestIds: named(entries) }, 'a chunk was not written');
      this.#giveBack(slot, false);
      for (const entry of entries) entry.failed(error);
    }
  }

  /** Back to the front; what nobody waits for any more is left out. */
  #requeue(entries: Entry[]): void {
    const live = entries.filter((e) => !e.settled);
    this.#queue.pushFront(live.filter((e) => e.lane === undefined));
    this.#lanes.pushFront(live.filter((e) => e.lane !== undefined));
    this.#schedule();
  }

  #giveBack({ nodeId, takenAt }: TakenSlot, full: boolean): void {
    const pause = this.#slots.give(nodeId, takenAt, this.#tools.now(), full);
    if (pause === undefined) this.#schedule();
    else this.#tools.after(pause, () => this.#schedule());
  }
}

/** Requests that a log line names; there may be hundreds in a chunk. */
function named(entries: readonly Entry[]): string[] {
  return entries.slice(0, MOST_NAMED).map(({ requestId }) => requestId);
}
