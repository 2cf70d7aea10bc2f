import type { IncomingMessage } from 'node:http';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { ProblemError } from '../../../../shared/errors/problem.ts';
import { receive } from './receive.ts';

/** RFC 9659 bounds the window of zstd in HTTP at 8 MB; without a bound a small body may ask for 128 MB. */
const ZSTD_WINDOW_LOG = 23;

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } }),
};
const NAMES = ['gzip', 'zstd', 'deflate', 'br'].join(', ');

/**
 * The body of an upload as it was before its Content-Encoding, piece by piece, as it is asked for. Left early, the request
 * lives on: its answer is still to be sent on the same connection.
 * @param idleMs longest time that nothing may come while something is waited for
 * @throws ProblemError 415 unsupported-content-encoding, 400 invalid-content-encoding, 400 body-incomplete, 408 upload-idle
 */
export async function* decodeUpload(req: IncomingMessage, idleMs: number): AsyncGenerator<Buffer> {
  const coding = (req.headers['content-encoding'] ?? '').trim().toLowerCase();
  if (coding === '' || coding === 'identity') {
    yield* receive(req, idleMs);
    return;
  }
  const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
  if (decoder === undefined) {
    throw new ProblemError({ status: 415, code: 'unsupported-content-encoding', title: 'The Content-Encoding is not supported', detail: `This Content-Encoding is not supported; send one of ${NAMES}, or none.`, headers: { 'Accept-Encoding': NAMES } });
  }
  const out = decoder();
  const decoding = pipeline(Readable.from(receive(req, idleMs)), out);
  decoding.catch(() => undefined); // comes out of the iteration
  try {
    for await (const part of out) yield part as Buffer;
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError({ status: 400, code: 'invalid-content-encoding', title: 'The body cannot be decompressed', detail: `The body is not, or not wholly, what its Content-Encoding (${coding}) says. What came before stands.`, cause: error });
  }
}
