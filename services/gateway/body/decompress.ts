import { ProblemError } from '../../../shared/errors/problem.ts';
import type { Coding } from './content-coding.ts';
import { unpack } from './unpack.ts';

/**
 * Decompresses a whole body.
 * @param maxBytes most bytes of what comes out; memory stays within that bound
 * @throws ProblemError 413 body-too-large, 400 invalid-content-encoding
 */
export async function decompress(bytes: Buffer, coding: Coding, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of unpack([bytes], coding)) {
    size += part.length;
    if (size > maxBytes) throw tooLarge(maxBytes, 'after decompression');
    parts.push(part);
  }
  return Buffer.concat(parts, size);
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
