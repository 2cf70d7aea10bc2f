import type { Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';
import { ProblemError } from '../../../shared/errors/problem.ts';

/** A decompressor of node:zlib: `bytesWritten` counts what it has taken, not what it was given. */
export type Decoder = Transform & { readonly bytesWritten: number };

/** A coding of HTTP, and what may stand behind the end of a stream of it. */
export interface Coding {
  name: string;
  /** A decompressor for a stream that begins with these bytes. */
  create(first: Buffer): Decoder;
  /** So many bytes tell which decompressor it is. */
  look: number;
  /** Further streams (RFC 8878, 3: frames are put one behind another), padding with zeros as tapes have it, or nothing. */
  behind: 'streams' | 'zeros' | 'nothing';
}

/** RFC 9659 bounds the window of zstd in HTTP at 8 MB; without a bound a small body may ask for 128 MB. */
const ZSTD_WINDOW_LOG = 23;

const CODINGS: readonly Coding[] = [
  // Its further members are read by node:zlib itself.
  { name: 'gzip', look: 1, behind: 'zeros', create: () => createGunzip() },
  // HTTP's deflate has a zlib header (RFC 9110, 8.4.1.2), but some clients send it bare.
  { name: 'deflate', look: 2, behind: 'nothing', create: (first) => (hasZlibHeader(first) ? createInflate() : createInflateRaw()) },
  { name: 'br', look: 1, behind: 'nothing', create: () => createBrotliDecompress() },
  { name: 'zstd', look: 1, behind: 'streams', create: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } }) },
];
const NAMES = CODINGS.map(({ name }) => name).join(', ');

/**
 * The coding that a Content-Encoding header names; undefined where the body comes as it is. One coding at a time.
 * @throws ProblemError 415 unsupported-content-encoding
 */
export function codingOf(contentEncoding: string | undefined): Coding | undefined {
  const given = (contentEncoding ?? '').trim().toLowerCase().replace(/^x-gzip$/, 'gzip');
  if (given === '' || given === 'identity') return undefined;
  const coding = CODINGS.find(({ name }) => name === given);
  if (coding !== undefined) return coding;
  throw new ProblemError({
    status: 415,
    code: 'unsupported-content-encoding',
    title: 'The Content-Encoding is not supported',
    detail: `This Content-Encoding is not supported; send one of ${NAMES}, or none.`,
    headers: { 'Accept-Encoding': NAMES },
  });
}

function hasZlibHeader(bytes: Buffer): boolean {
  const [first = 0, second = 0] = bytes;
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}
