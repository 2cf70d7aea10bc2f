import type { Readable } from 'node:stream';
import { ProblemError } from '../../../../shared/errors/problem.ts';
import { every, type Loop } from '../../../../shared/runtime/every.ts';
import { eventsFor, isOver, NOTHING, type Heard, type Moment } from './decide-events.ts';
import { Listener } from './listener.ts';

export interface HubTools {
  /** A batch now, with its checkpoints of a number above `after`; undefined where there is none. */
  read: (batchId: string, after: number) => Promise<Moment | undefined>;
  /** Most listeners of this edge. */
  most: number;
  /** How often a batch that somebody listens to is looked at, ms. */
  pollMs: number;
  /** Longest silence, ms: proxies and browsers take a longer one for a broken connection. */
  heartbeatMs: number;
  now: () => number;
  /** How many there are now. */
  onListeners: (count: number) => void;
  onError: (error: unknown) => void;
}

interface Watch {
  listeners: Set<Listener>;
  loop: Loop;
}

/**
 * Tells listeners of large batches what becomes of them. A batch is looked at by one loop, however many listen; it ends with the last
 * of them. A listener that doesn't read is told less, not later: each time what is so then.
 */
export class EventHub {
  readonly #tools: HubTools;
  readonly #watches = new Map<string, Watch>();
  /** Listeners, and those whose batch is being read. */
  #count = 0;
  #closed = false;

  constructor(tools: HubTools) {
    this.#tools = tools;
  }

  /** Batches that are looked at. */
  get watched(): number {
    return this.#watches.size;
  }

  /**
   * Begins to tell of a batch.
   * @param heard what the client heard before its connection broke
   * @returns the stream; `over` where there is nothing more to tell; undefined where there is no such batch
   * @throws ProblemError 503 when this edge has all the listeners it takes, or stops
   */
  async listen(batchId: string, heard: Heard = NOTHING): Promise<Readable | 'over' | undefined> {
    if (this.#closed) throw unavailable('This edge stops; another one tells the same.', 1);
    if (this.#count >= this.#tools.most) throw unavailable(`This edge has ${this.#tools.most} listeners (setting maxEventStreams).`, 5);
    this.#change(1);
    let moment: Moment | undefined;
    try {
      moment = await this.#tools.read(batchId, heard.checkpoint);
    } catch (error) {
      this.#change(-1);
      throw error;
    }
    if (moment === undefined || isOver(heard, moment) || this.#closed) {
      this.#change(-1);
      return moment === undefined ? undefined : 'over';
    }
    const listener = new Listener(heard, this.#tools.now);
    const leave = this.#join(batchId, listener);
    listener.stream.once('close', () => {
      leave();
      this.#change(-1);
    });
    listener.begin();
    this.#tell(listener, moment);
    return listener.stream;
  }

  /** Ends every stream; their clients come back on another edge. Nobody is taken any more. */
  async close(): Promise<void> {
    this.#closed = true;
    const watches = [...this.#watches.values()];
    for (const { listeners } of watches) for (const listener of listeners) listener.end();
    await Promise.all(watches.map(({ loop }) => loop.stop()));
  }

  #join(batchId: string, listener: Listener): () => void {
    let watch = this.#watches.get(batchId);
    if (watch === undefined) {
      watch = { listeners: new Set(), loop: every(this.#tools.pollMs, () => this.#look(batchId), this.#tools.onError) };
      this.#watches.set(batchId, watch);
      watch.loop.start();
    }
    const { listeners, loop } = watch;
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      this.#watches.delete(batchId);
      void loop.stop();
    };
  }

  async #look(batchId: string): Promise<void> {
    const listeners = this.#watches.get(batchId)?.listeners;
    if (listeners === undefined) return;
    const ready = [...listeners].filter((listener) => listener.ready);
    try {
      const moment = ready.length === 0 ? undefined : await this.#tools.read(batchId, Math.min(...ready.map((l) => l.heard.checkpoint)));
      if (moment !== undefined) for (const listener of ready) this.#tell(listener, moment);
    } finally {
      // Also while the database is away: its clients are still here.
      for (const listener of listeners) if (this.#tools.now() - listener.toldAt >= this.#tools.heartbeatMs) listener.beat();
    }
  }

  #tell(listener: Listener, moment: Moment): void {
    listener.tell(eventsFor(listener.heard, moment));
    if (isOver(listener.heard, moment)) listener.end();
  }

  #change(by: 1 | -1): void {
    this.#count += by;
    this.#tools.onListeners(this.#count);
  }
}

function unavailable(detail: string, retryAfter: number): ProblemError {
  return new ProblemError({ status: 503, code: 'too-many-listeners', title: 'No more listeners', detail: `${detail} Try again in a moment, or ask for the batch itself now and then.`, headers: { 'Retry-After': String(retryAfter) } });
}
