import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { holdOf } from './body-room.ts';
import { codingOf } from './content-coding.ts';
import { decompress, tooLarge } from './decompress.ts';
import { leaveBody } from './leave-body.ts';

export interface BodyBounds {
  /** Most bytes of a body, as it is sent and, if it is compressed, also of what comes out. */
  maxBytes: number;
  /** Instant by which the whole body must be here: milliseconds of performance.now(). */
  deadlineAt: number;
}

/** A part of a body below this many bytes is put together with so many others. */
const SMALL_PART = 1_024;
const SMALL_PARTS = 256;
/** Longest time that setTimeout can wait. */
const LONGEST_TIMER = 2_147_483_647;

/** How to tell the body being read from a socket that its connection is broken; see tellReader. */
const readers = new WeakMap<Duplex, (cause: Error) => void>();

/**
 * Reads the whole body of a request, decompressed (gzip, deflate, br, zstd). Nothing must have read from it before.
 *
 * After a refusal the answer can be sent at once: a client gets to read it because the rest of its body is taken off the
 * connection and thrown away. When it has sent all of it the connection is as good as before; one that goes on for more
 * than a megabyte or two seconds is closed.
 * Where the edge keeps room for bodies (body-room.ts), what comes is counted there, compressed and decompressed.
 * @throws ProblemError 413 body-too-large, 408 body-timeout, 415 unsupported-content-encoding, 503 overloaded, and 400
 *   body-incomplete or invalid-content-encoding
 */
export async function readBody(req: IncomingMessage, { maxBytes, deadlineAt }: BodyBounds): Promise<Buffer> {
  let bytes: Buffer;
  let coding: ReturnType<typeof codingOf>;
  try {
    coding = codingOf(req.headers['content-encoding']);
    if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
    bytes = await collect(req, maxBytes, deadlineAt);
  } catch (error) {
    leaveBody(req);
    throw error;
  }
  if (coding === undefined) return bytes;
  const whole = await decompress(bytes, coding, maxBytes);
  holdOf(req)?.grow(whole.length);
  return whole;
}

/**
 * For a server's `clientError` event: a broken connection whose request's body is being read makes that readBody fail
 * with body-incomplete, so that the request is answered like any other.
 * @returns false if no body is being read from the socket: then answering and closing is the caller's work
 */
export function tellReader(error: Error, socket: Duplex): boolean {
  const reader = readers.get(socket);
  reader?.(error);
  return reader !== undefined;
}

/** What has come of a body. A client may send a byte at a time, and each part costs a hundred bytes beside its own: small ones are put together. */
class Parts {
  #whole: Buffer[] = [];
  #small: Buffer[] = [];

  add(part: Buffer): void {
    if (part.length >= SMALL_PART && this.#small.length === 0) this.#whole.push(part);
    else if (this.#small.push(part) === SMALL_PARTS) this.#gather();
  }

  /** All of it; nothing is kept then. */
  take(): Buffer {
    this.#gather();
    const [first = Buffer.alloc(0), ...others] = this.#whole;
    this.#whole = [];
    return others.length === 0 ? first : Buffer.concat([first, ...others]);
  }

  #gather(): void {
    if (this.#small.length > 0) this.#whole.push(Buffer.concat(this.#small));
    this.#small = [];
  }
}

function collect(req: IncomingMessage, maxBytes: number, deadlineAt: number): Promise<Buffer> {
  if (req.destroyed) return Promise.reject(incomplete());
  return new Promise((resolve, reject) => {
    const parts = new Parts();
    const hold = holdOf(req);
    let size = 0;
    const timer = setTimeout(() => settle(timedOut()), Math.min(Math.max(deadlineAt - performance.now(), 0), LONGEST_TIMER));
    const reader = (cause: Error) => settle(incomplete(cause));
    readers.set(req.socket, reader);
    hold?.reading(settle);
    req.on('data', onData).once('end', onEnd).once('error', onError).once('close', onClose);

    function onData(part: Buffer): void {
      size += part.length;
      if (size > maxBytes) {
        settle(tooLarge(maxBytes));
        return;
      }
      try {
        hold?.grow(part.length);
        parts.add(part);
      } catch (refusal) {
        settle(refusal as ProblemError);
      }
    }
    function onEnd(): void {
      settle(undefined);
    }
    function onError(error: Error): void {
      settle(incomplete(error));
    }
    function onClose(): void {
      settle(incomplete());
    }
    function settle(problem: ProblemError | undefined): void {
      clearTimeout(timer);
      hold?.ended();
      if (readers.get(req.socket) === reader) readers.delete(req.socket);
      req.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      if (problem === undefined) resolve(parts.take());
      else {
        parts.take();
        reject(problem);
      }
    }
  });
}

function incomplete(cause?: Error): ProblemError {
  return new ProblemError({
    status: 400,
    code: 'body-incomplete',
    title: 'The body is incomplete',
    detail: 'The connection broke before the whole body had come; nothing of it was taken.',
    headers: { Connection: 'close' },
    cause,
  });
}

function timedOut(): ProblemError {
  return new ProblemError({ status: 408, code: 'body-timeout', title: 'The body came too slowly', detail: 'The body had not come in full within its deadline; nothing of it was taken. Send it again.' });
}
