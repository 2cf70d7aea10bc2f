import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gzip, constants, createGzip } from 'node:zlib';
import type { AnswersOut } from './answers-out.ts';
import type { Answer } from './call.ts';

const compress = promisify(gzip);
/** Smaller answers gain nothing from compression. */
const LEAST_BYTES = 1_024;

/**
 * Sends an answer, compressed if the client takes gzip and it is worth it. Resolves when the client has taken it, or has
 * gone; one that doesn't read loses its connection (answers-out.ts).
 */
export async function send(answers: AnswersOut, req: IncomingMessage, res: ServerResponse, answer: Answer): Promise<void> {
  const { body = '' } = answer;
  const headers: Record<string, string> = { 'Content-Type': answer.contentType ?? 'application/json; charset=utf-8', ...answer.headers };
  const gzipped = acceptsGzip(req.headers['accept-encoding']);
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) {
    if (req.method === 'HEAD') {
      body.destroy();
      res.writeHead(answer.status, headers).end();
      return;
    }
    // Compressed, a piece would wait in the compressor for the next ones.
    const packed = gzipped && answer.live !== true;
    if (packed) headers['Content-Encoding'] = 'gzip';
    res.writeHead(answer.status, { ...headers, ...(answer.live === true ? {} : { Vary: 'Accept-Encoding' }) });
    const leave = answers.stream(req, res);
    try {
      await (packed ? pipeline(body, createGzip({ level: constants.Z_BEST_SPEED }), res) : pipeline(body, res));
    } finally {
      leave();
    }
    return;
  }
  if (answer.status === 204 || answer.status === 304) {
    delete headers['Content-Type'];
    res.writeHead(answer.status, headers).end();
    return;
  }
  let content = body;
  if (body.length >= LEAST_BYTES) {
    headers.Vary = 'Accept-Encoding';
    // A long string is flattened and encoded once here; measuring it first and writing it then would do both twice.
    content = gzipped ? await compress(body, { level: constants.Z_BEST_SPEED }) : Buffer.from(body as string);
    if (gzipped) headers['Content-Encoding'] = 'gzip';
  }
  const bytes = Buffer.byteLength(content);
  headers['Content-Length'] = String(bytes);
  // A short string leaves in one write together with the head, a Buffer in a second one.
  res.writeHead(answer.status, headers).end(req.method === 'HEAD' ? undefined : content);
  await answers.whole(req, res, bytes);
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return typeof header === 'string' && header.split(',').some((part) => {
    const [name, ...parameters] = part.trim().split(';');
    return name?.trim().toLowerCase() === 'gzip' && !parameters.some((p) => /^\s*q=0(\.0*)?\s*$/.test(p));
  });
}
