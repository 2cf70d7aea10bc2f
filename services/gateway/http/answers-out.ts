import type { IncomingMessage, ServerResponse } from 'node:http';

export interface AnswersTools {
  maxBytes: number;
  /** Longest time a client may take for an answer, or pause while it reads a streamed one; ms. */
  deadlineMs: number;
  now: () => number;
  onDrop: (reason: 'slow-reader' | 'answers-full') => void;
}

interface Out {
  bytes: number;
  /** Since when the client has taken nothing, as far as is known; monotonic ms. */
  at: number;
  close(reason: 'slow-reader' | 'answers-full'): void;
}

/** What a streamed answer takes at most, in the buffers between its source and the socket. */
const STREAM_BYTES = 262_144;

/**
 * The answers that clients have not taken yet: bounded in bytes over all connections of an edge, and each in time. When
 * they are too many, the one that has waited longest loses its connection; the work that it told of stands.
 */
export class AnswersOut {
  readonly #tools: AnswersTools;
  /** The one that has waited longest comes first. */
  readonly #out = new Set<Out>();
  #bytes = 0;

  constructor(tools: AnswersTools) {
    this.#tools = tools;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Since when the oldest waits, or undefined. Monotonic ms. */
  oldestAt(): number | undefined {
    const [oldest] = this.#out;
    return oldest?.at;
  }

  /**
   * Watches an answer that was given to the connection as a whole. Resolves when the client has taken it, or its
   * connection is gone.
   */
  whole(req: IncomingMessage, res: ServerResponse, bytes: number): Promise<void> {
    // What the kernel took at once waits for nobody.
    if (res.writableFinished || (res.socket !== null && res.socket.writableLength === 0)) return Promise.resolve();
    return new Promise((resolve) => {
      const leave = this.#watch(req, bytes).leave;
      const done = () => {
        leave();
        res.off('finish', done).off('close', done);
        req.socket.off('close', done);
        resolve();
      };
      res.on('finish', done).on('close', done);
      // An answer that waits behind others on its connection has no socket yet, and hears nothing of its end.
      req.socket.on('close', done);
    });
  }

  /** Watches an answer that is streamed, until the returned function is called. */
  stream(req: IncomingMessage, res: ServerResponse): () => void {
    const { leave, progress } = this.#watch(req, STREAM_BYTES);
    res.on('drain', progress);
    return () => {
      res.off('drain', progress);
      leave();
    };
  }

  #watch(req: IncomingMessage, bytes: number): { leave: () => void; progress: () => void } {
    const { deadlineMs, maxBytes, now, onDrop } = this.#tools;
    const leave = () => {
      clearTimeout(timer);
      if (this.#out.delete(out)) this.#bytes -= out.bytes;
    };
    const out: Out = {
      bytes,
      at: now(),
      close(reason) {
        leave();
        onDrop(reason);
        req.socket.destroy();
      },
    };
    const timer = setTimeout(() => out.close('slow-reader'), deadlineMs);
    this.#out.add(out);
    this.#bytes += bytes;
    for (const oldest of this.#out) {
      if (this.#bytes <= maxBytes || oldest === out) break;
      oldest.close('answers-full');
    }
    const progress = () => {
      if (!this.#out.delete(out)) return;
      out.at = now();
      this.#out.add(out);
      timer.refresh();
    };
    return { leave, progress };
  }
}
