import type { IncomingHttpHeaders } from 'node:http';
import { ProblemError } from '../../../shared/errors/problem.ts';

/**
 * How many bytes the whole upload has, if its sender tells: by Upload-Length, else by Content-Length where the body is sent
 * as it is. What is compressed counts as it is unpacked, so only Upload-Length can tell of it.
 * @param offset bytes that came before this request
 * @throws ProblemError 400 invalid-upload-length
 */
export function uploadBytesOf(headers: IncomingHttpHeaders, offset: number): { uploadBytes?: number } {
  const told = headers['upload-length'];
  if (told !== undefined) {
    if (typeof told === 'string' && /^\d{1,15}$/.test(told) && Number(told) >= offset) return { uploadBytes: Number(told) };
    throw new ProblemError({ status: 400, code: 'invalid-upload-length', title: 'Invalid Upload-Length', detail: 'Upload-Length is the whole upload\'s number of bytes, not less than Upload-Offset.' });
  }
  const length = headers['content-length'];
  const encoding = headers['content-encoding'] ?? 'identity';
  return length === undefined || encoding.trim().toLowerCase() !== 'identity' ? {} : { uploadBytes: offset + Number(length) };
}
