import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { idempotencyKeyOf } from '../write/idempotency-key.ts';

/**
 * The Idempotency-Key of an upload. Its body is not known yet, so the key stands for the kind; that a repeat has the same body
 * shows in the hashes of its segments.
 * @throws ProblemError 400 `invalid-idempotency-key`
 */
export function uploadKeyOf(req: IncomingMessage, kind: string): { key: string; sha: string } | undefined {
  const given = idempotencyKeyOf(req, '', Buffer.alloc(0));
  return given === undefined ? undefined : { key: given.key, sha: createHash('sha256').update(`large upload of ${kind}`).digest('hex') };
}
