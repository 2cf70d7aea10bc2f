import type { IncomingMessage } from 'node:http';
import { codingOf } from '../../body/content-coding.ts';
import { unpack } from '../../body/unpack.ts';
import { receive } from './receive.ts';

/**
 * The body of an upload as it was before its Content-Encoding, piece by piece, as it is asked for. Left early, the request
 * lives on: its answer is still to be sent on the same connection.
 * @param idleMs longest time that nothing may come while something is waited for
 * @throws ProblemError 415 unsupported-content-encoding, 400 invalid-content-encoding, 400 body-incomplete, 408 upload-idle
 */
export async function* decodeUpload(req: IncomingMessage, idleMs: number): AsyncGenerator<Buffer> {
  const coding = codingOf(req.headers['content-encoding']);
  const pieces = receive(req, idleMs);
  yield* coding === undefined ? pieces : unpack(pieces, coding, ' What came before stands.');
}
