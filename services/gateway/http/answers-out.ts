import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface AnswersTools {
  maxBytes: number;
  /** Longest time a client may take for an answer, or pause while it reads a streamed one; ms. */
  deadlineMs: number;
  now: () => number;
  onDrop: (reason: 'slow-reader' | 'answers-full') => void;
}

interface Out {
  socket: Socket;
  bytes: number;
  /** Since when the client has taken nothing, as far as is known; monotonic ms. */
  at: number;
  onGone: () => void;
}

/** What a streamed answer takes at most, in the buffers between its source and the socket. */
const STREAM_BYTES = 262_144;
/** How often it is looked, within the deadline, whether a client takes its streamed answer. */
const LOOKS = 20;
const MIN_LOOK_MS = 20;

/**
 * The answers that clients have not taken yet: bounded in bytes over all connections of an edge, and each in time. When
 * they are too many, the one that has waited longest loses its connection; the work that it told of stands.
 */
export class AnswersOut {
  readonly #tools: AnswersTools;
  /** The one that has waited longest comes first. */
  readonly #out = new Set<Out>();
  readonly #bySocket = new WeakMap<Socket, Set<Out>>();
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
      const { leave } = this.#watch(req.socket, bytes, done);
      function done(): void {
        leave();
        res.off('finish', done).off('close', done);
        resolve();
      }
      res.on('finish', done).on('close', done);
    });
  }

  /**
   * Watches an answer that is streamed, until the returned function is called. It counts only while something waits for the
   * client: a source that is silent, or slow, is none of the client's doing.
   */
  stream(req: IncomingMessage, res: ServerResponse): () => void {
    const { socket } = req;
    let watch: { leave: () => void; progress: () => void } | undefined;
    let taken = 0;
    const look = () => {
      const before = taken;
      taken = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0) {
        watch?.leave();
        watch = undefined;
      } else if (watch === undefined) watch = this.#watch(socket, STREAM_BYTES, () => undefined);
      else if (taken > before) watch.progress();
    };
    const timer = setInterval(look, Math.max(MIN_LOOK_MS, this.#tools.deadlineMs / LOOKS));
    timer.unref();
    res.on('drain', look);
    look();
    return () => {
      clearInterval(timer);
      res.off('drain', look);
      watch?.leave();
    };
  }

  /** @param onGone the connection is closed; an answer that waits behind others on it hears nothing of that by itself */
  #watch(socket: Socket, bytes: number, onGone: () => void): { leave: () => void; progress: () => void } {
    const { deadlineMs, maxBytes, now } = this.#tools;
    for (const oldest of this.#out) {
      if (this.#bytes + bytes <= maxBytes) break;
      this.#close(oldest.socket, 'answers-full');
    }
    const out: Out = { socket, bytes, at: now(), onGone };
    const timer = setTimeout(() => this.#close(socket, 'slow-reader'), deadlineMs);
    const leave = () => {
      clearTimeout(timer);
      if (this.#out.delete(out)) this.#bytes -= out.bytes;
      this.#bySocket.get(socket)?.delete(out);
    };
    this.#of(socket).add(out);
    this.#out.add(out);
    this.#bytes += bytes;
    const progress = () => {
      if (!this.#out.delete(out)) return;
      out.at = now();
      this.#out.add(out);
      timer.refresh();
    };
    return { leave, progress };
  }

  #of(socket: Socket): Set<Out> {
    let outs = this.#bySocket.get(socket);
    if (outs === undefined) {
      outs = new Set();
      this.#bySocket.set(socket, outs);
      socket.once('close', () => this.#gone(socket));
    }
    return outs;
  }

  #close(socket: Socket, reason: Parameters<AnswersTools['onDrop']>[0]): void {
    this.#tools.onDrop(reason);
    socket.destroy();
    this.#gone(socket);
  }

  #gone(socket: Socket): void {
    for (const out of this.#bySocket.get(socket) ?? []) {
      if (this.#out.delete(out)) this.#bytes -= out.bytes;
      out.onGone();
    }
  }
}
