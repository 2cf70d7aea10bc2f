import type { IncomingMessage } from 'node:http';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { decodeUtf8 } from '../body/decode-utf8.ts';

const HEADER = 'Client-Reference';
/** Member of a batch's body. */
export const REFERENCE_MEMBER = 'clientReference';
export const LONGEST_REFERENCE = 255;

/** Whether a text can be kept as a reference: 1 to 255 characters that PostgreSQL takes. */
export function isReference(text: string): boolean {
  return text !== '' && text.length <= 2 * LONGEST_REFERENCE && [...text].length <= LONGEST_REFERENCE && text.isWellFormed() && !text.includes('\u0000');
}

/**
 * The caller's own name for a request, from the header Client-Reference (UTF-8) or a member of the body; as a member to
 * spread, so that a request without one carries nothing.
 * @param member what the body's member holds; null counts as not there
 * @throws ProblemError 400 `invalid-client-reference`, also where both are given and differ
 */
export function clientReference(req: IncomingMessage, member?: unknown): { clientReference?: string } {
  const header = headerOf(req);
  if (member === undefined || member === null) return header === undefined ? {} : { clientReference: header };
  if (typeof member !== 'string' || !isReference(member)) throw invalid(`/${REFERENCE_MEMBER}`, `must be text of 1 to ${LONGEST_REFERENCE} characters, without NUL and lone surrogates`);
  if (header !== undefined && header !== member) throw invalid(`/${REFERENCE_MEMBER}`, `differs from the header ${HEADER}; give one of them, or the same in both`);
  return { clientReference: member };
}

function headerOf(req: IncomingMessage): string | undefined {
  const text = req.headers['client-reference'];
  if (text === undefined) return undefined;
  if ((req.headersDistinct['client-reference'] ?? []).length > 1) throw invalid(HEADER, 'may be given once only');
  const reference = decodeUtf8(Buffer.from(text as string, 'latin1'));
  if (reference === undefined || !isReference(reference)) throw invalid(HEADER, `must be text of 1 to ${LONGEST_REFERENCE} characters in UTF-8`);
  return reference;
}

function invalid(pointer: string, message: string): ProblemError {
  return new ProblemError({ status: 400, code: 'invalid-client-reference', title: 'Invalid client reference', detail: `The client reference ${message}.`, errors: [{ pointer, code: 'invalid-client-reference', message }] });
}
