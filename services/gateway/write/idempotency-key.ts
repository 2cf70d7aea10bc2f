import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ProblemError } from '../../../shared/errors/problem.ts';

const VISIBLE = /^[\x20-\x7e]{1,255}$/;

/**
 * The request's Idempotency-Key with the hash of what it came with: method, path and body.
 * @throws ProblemError 400 `invalid-idempotency-key`
 */
export function idempotencyKeyOf(req: IncomingMessage, path: string, body: Buffer): { key: string; sha: string } | undefined {
  const header = req.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = Array.isArray(header) ? header.join(',') : header;
  if (!VISIBLE.test(key)) {
    throw new ProblemError({ status: 400, code: 'invalid-idempotency-key', title: 'Invalid Idempotency-Key', detail: 'An Idempotency-Key has 1 to 255 printable ASCII characters.', errors: [{ pointer: 'Idempotency-Key', code: 'format', message: '1 to 255 printable ASCII characters' }] });
  }
  return { key, sha: createHash('sha256').update(`${req.method} ${path}\n`).update(body).digest('hex') };
}
