import { promisify } from 'node:util';
import { brotliDecompress, constants, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib';
import { ProblemError } from '../../../shared/errors/problem.ts';

type Decompress = (bytes: Buffer, maxBytes: number) => Promise<Buffer>;

const inflateAsync = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflate);
const inflateRawAsync = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflateRaw);
const gunzipAsync = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);
const brotliAsync = promisify<Buffer, { maxOutputLength: number }, Buffer>(brotliDecompress);
const zstdAsync = promisify<Buffer, { maxOutputLength: number; params: Record<number, number> }, Buffer>(zstdDecompress);
/** RFC 9659 bounds the window of zstd in HTTP at 8 MB; without a bound a small body may ask for 128 MB. */
const ZSTD_WINDOW_LOG = 23;

const DECODERS: Record<string, Decompress> = {
  gzip: (bytes, maxOutputLength) => gunzipAsync(bytes, { maxOutputLength }),
  // HTTP's deflate has a zlib header (RFC 9110, 8.4.1.2), but some clients send it bare.
  deflate: (bytes, maxOutputLength) => (hasZlibHeader(bytes) ? inflateAsync : inflateRawAsync)(bytes, { maxOutputLength }),
  br: (bytes, maxOutputLength) => brotliAsync(bytes, { maxOutputLength }),
  zstd: (bytes, maxOutputLength) => zstdAsync(bytes, { maxOutputLength, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } }),
};
const NAMES = Object.keys(DECODERS).join(', ');

/**
 * The decoder that a Content-Encoding header asks for; undefined where the body comes as it is. One coding at a time.
 * The decoder takes the compressed bytes and the bound in bytes of what comes out; memory stays within that bound.
 * It throws ProblemErrors: 413 body-too-large, 400 invalid-content-encoding.
 * @throws ProblemError 415 unsupported-content-encoding
 */
export function decoderOf(contentEncoding: string | undefined): Decompress | undefined {
  const coding = (contentEncoding ?? '').trim().toLowerCase().replace(/^x-gzip$/, 'gzip');
  if (coding === '' || coding === 'identity') return undefined;
  const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
  if (decoder === undefined) {
    throw new ProblemError({
      status: 415,
      code: 'unsupported-content-encoding',
      title: 'The Content-Encoding is not supported',
      detail: `This Content-Encoding is not supported; send one of ${NAMES}, or none.`,
      headers: { 'Accept-Encoding': NAMES },
    });
  }
  return async (bytes, maxBytes) => {
    if (bytes.length === 0) return bytes;
    try {
      return await decoder(bytes, maxBytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes, 'after decompression');
      throw new ProblemError({
        status: 400,
        code: 'invalid-content-encoding',
        title: 'The body cannot be decompressed',
        detail: `The body is not, or not wholly, what its Content-Encoding (${coding}) says.`,
        cause: error,
      });
    }
  };
}

/** The refusal of a body over its bound. */
export function tooLarge(maxBytes: number, when = ''): ProblemError {
  return new ProblemError({
    status: 413,
    code: 'body-too-large',
    title: 'The body is too large',
    detail: `The body has more than ${maxBytes} bytes${when === '' ? '' : ` ${when}`}; send smaller batches.`,
  });
}

function hasZlibHeader(bytes: Buffer): boolean {
  const [first = 0, second = 0] = bytes;
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}
