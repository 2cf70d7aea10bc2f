import { Readable } from 'node:stream';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { every, type Loop } from '../../../shared/runtime/every.ts';

export interface LiveTools {
  /** Makes the next snapshot. */
  read: () => Promise<object>;
  /** Most listeners of this edge. */
  readonly most: number;
  everyMs: number;
  /** Longest life of a stream, ms: then its client comes back, and is asked again who it is. */
  lifeMs: number;
  now: () => number;
  onError: (error: unknown) => void;
}

interface Listener {
  stream: Readable;
  since: number;
  ready: boolean;
}

/** Pause before a client whose stream ended comes back, ms. */
const RETRY_MS = 500;
/** Bytes that may wait for a client; then it is told nothing until it has read them. */
const MOST_WAITING = 65_536;

/**
 * Sends the state of the whole to whoever listens: made once each second, however many listen, and not at all while nobody does. A
 * listener that doesn't read is told less, not later.
 */
export class LiveHub {
  readonly #tools: LiveTools;
  readonly #listeners = new Set<Listener>();
  readonly #loop: Loop;
  #newest: string | undefined;
  #closed = false;

  constructor(tools: LiveTools) {
    this.#tools = tools;
    this.#loop = every(tools.everyMs, () => this.#look(), tools.onError);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /**
   * Begins to tell; the newest snapshot at once, if there is one.
   * @throws ProblemError 503 `too-many-listeners` when this edge has all the listeners it takes, or stops
   */
  listen(): Readable {
    if (this.#closed) throw unavailable('This edge stops; another one tells the same.', 1);
    if (this.#listeners.size >= this.#tools.most) throw unavailable(`This edge has ${this.#tools.most} listeners (setting maxEventStreams).`, 5);
    const listener: Listener = { since: this.#tools.now(), ready: true, stream: new Readable({ highWaterMark: MOST_WAITING, read: () => (listener.ready = true) }) };
    this.#listeners.add(listener);
    listener.stream.once('close', () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      // What is told first to the next one must be of its own time.
      this.#newest = undefined;
      void this.#loop.stop();
    });
    listener.stream.push(`retry: ${RETRY_MS}\n\n${this.#newest ?? ''}`);
    if (this.#listeners.size === 1) {
      this.#loop.start();
      // The first one doesn't wait for a round of the loop.
      this.#look().catch(this.#tools.onError);
    }
    return listener.stream;
  }

  /** Ends every stream; their clients come back on another edge. Nobody is taken any more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { stream } of this.#listeners) stream.push(null);
    await this.#loop.stop();
  }

  async #look(): Promise<void> {
    let text: string;
    try {
      text = `event: snapshot\ndata: ${JSON.stringify(await this.#tools.read())}\n\n`;
      this.#newest = text;
    } catch (error) {
      this.#tools.onError(error);
      text = ': no snapshot this time\n\n';
    }
    for (const listener of this.#listeners) {
      const { stream, since } = listener;
      if (this.#closed || stream.destroyed) continue;
      if (listener.ready) listener.ready = stream.push(text);
      if (this.#tools.now() - since >= this.#tools.lifeMs) {
        this.#listeners.delete(listener);
        stream.push(null);
      }
    }
  }
}

function unavailable(detail: string, retryAfter: number): ProblemError {
  return new ProblemError({ status: 503, code: 'too-many-listeners', title: 'No more listeners', detail: `${detail} Try again in a moment.`, headers: { 'Retry-After': String(retryAfter) } });
}
