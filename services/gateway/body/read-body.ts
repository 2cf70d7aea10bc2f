import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { decoderOf, tooLarge } from './decompress.ts';

export interface BodyBounds {
  /** Most bytes of a body, as it is sent and, if it is compressed, also of what comes out. */
  maxBytes: number;
  /** Instant by which the whole body must be here: milliseconds of performance.now(). */
  deadlineAt: number;
}

/** After a refusal so much more is read and thrown away; a connection that sends on is closed. */
const DRAIN_BYTES = 1_048_576;
const DRAIN_MS = 2_000;
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
 * @throws ProblemError 413 body-too-large, 408 body-timeout, 415 unsupported-content-encoding, and 400 body-incomplete
 *   or invalid-content-encoding
 */
export async function readBody(req: IncomingMessage, { maxBytes, deadlineAt }: BodyBounds): Promise<Buffer> {
  let bytes: Buffer;
  let decompress: ReturnType<typeof decoderOf>;
  try {
    decompress = decoderOf(req.headers['content-encoding']);
    if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
    bytes = await collect(req, maxBytes, deadlineAt);
  } catch (error) {
    drain(req);
    throw error;
  }
  return decompress === undefined ? bytes : decompress(bytes, maxBytes);
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

function collect(req: IncomingMessage, maxBytes: number, deadlineAt: number): Promise<Buffer> {
  if (req.destroyed) return Promise.reject(incomplete());
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => settle(timedOut()), Math.min(Math.max(deadlineAt - performance.now(), 0), LONGEST_TIMER));
    const reader = (cause: Error) => settle(incomplete(cause));
    readers.set(req.socket, reader);
    req.on('data', onData).once('end', onEnd).once('error', onError).once('close', onClose);

    function onData(part: Buffer): void {
      size += part.length;
      if (size > maxBytes) settle(tooLarge(maxBytes));
      else parts.push(part);
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
      if (readers.get(req.socket) === reader) readers.delete(req.socket);
      req.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      if (problem !== undefined) reject(problem);
      else resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, size));
    }
  });
}

/**
 * Takes what is still coming off the connection: closing it with bytes unread would make TCP reset it, and the reset can
 * overtake the answer. Bounded, so that nobody is listened to for ever.
 */
function drain(req: IncomingMessage): void {
  // What fails from here on fails after the refusal: there is nobody left to tell.
  req.on('error', () => undefined);
  if (req.destroyed || req.complete) {
    req.resume();
    return;
  }
  let left = DRAIN_BYTES;
  const timer = setTimeout(() => req.socket.destroy(), DRAIN_MS).unref();
  req.on('data', (part: Buffer) => {
    left -= part.length;
    if (left < 0) req.pause(); // the timer closes it: the answer, which is on its way, comes first
  });
  req.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer));
  req.resume();
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
