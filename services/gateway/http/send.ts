import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gzip, constants, createGzip } from 'node:zlib';
import type { Answer } from './call.ts';

const compress = promisify(gzip);
/** Smaller answers gain nothing from compression. */
const LEAST_BYTES = 1_024;

/** Sends an answer, compressed if the client takes gzip and it is worth it. Resolves when it is out, or the client has gone. */
export async function send(req: IncomingMessage, res: ServerResponse, answer: Answer): Promise<void> {
  const { body = '' } = answer;
  const headers: Record<string, string> = { 'Content-Type': answer.contentType ?? 'application/json; charset=utf-8', ...answer.headers };
  const gzipped = acceptsGzip(req.headers['accept-encoding']);
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) {
    if (gzipped) headers['Content-Encoding'] = 'gzip';
    res.writeHead(answer.status, { ...headers, Vary: 'Accept-Encoding' });
    await (gzipped ? pipeline(body, createGzip({ level: constants.Z_BEST_SPEED }), res) : pipeline(body, res));
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
  headers['Content-Length'] = String(Buffer.byteLength(content));
  // A short string leaves in one write together with the head, a Buffer in a second one.
  res.writeHead(answer.status, headers).end(req.method === 'HEAD' ? undefined : content);
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return typeof header === 'string' && header.split(',').some((part) => {
    const [name, ...parameters] = part.trim().split(';');
    return name?.trim().toLowerCase() === 'gzip' && !parameters.some((p) => /^\s*q=0(\.0*)?\s*$/.test(p));
  });
}
