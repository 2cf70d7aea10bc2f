import type { IncomingHttpHeaders } from 'node:http';
import { MIMEType } from 'node:util';
import { ProblemError } from '../../../shared/errors/problem.ts';

/** The forms of a body that Sluice reads. */
export type BodyFormat = 'json' | 'ndjson' | 'csv';

const MEDIA_TYPES: Record<BodyFormat, string> = { json: 'application/json', ndjson: 'application/x-ndjson', csv: 'text/csv' };
const FORMATS: Record<string, BodyFormat> = { 'application/json': 'json', 'application/x-ndjson': 'ndjson', 'application/ndjson': 'ndjson', 'text/csv': 'csv' };

/** Whether a request carries a body at all (RFC 9112, 6.3); without one its Content-Type says nothing. */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Decides how a body is to be read. No Content-Type at all, or no body, counts as JSON.
 * @param accepted the forms that the call takes
 * @throws ProblemError 415 unsupported-content-type, which names what is accepted
 */
export function bodyFormat(headers: IncomingHttpHeaders, accepted: readonly BodyFormat[]): BodyFormat {
  return hasBody(headers) ? declaredFormat(headers, accepted) : 'json';
}

/** The form that a Content-Type names, whether a body comes or not; else as bodyFormat. */
export function declaredFormat(headers: IncomingHttpHeaders, accepted: readonly BodyFormat[]): BodyFormat {
  const given = headers['content-type'];
  if (given === undefined || given === 'application/json') return 'json';
  const type = parseType(given);
  const format = type === undefined ? undefined : FORMATS[type.essence];
  if (type === undefined || format === undefined || !accepted.includes(format)) throw unsupported('This Content-Type is not accepted', accepted);
  const charset = type.params.get('charset')?.toLowerCase();
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') throw unsupported('Only the charset utf-8 is accepted', accepted);
  return format;
}

function parseType(text: string): MIMEType | undefined {
  try {
    return new MIMEType(text);
  } catch {
    return undefined; // not a media type: the caller refuses it like one that isn't known
  }
}

function unsupported(what: string, accepted: readonly BodyFormat[]): ProblemError {
  const types = accepted.map((format) => MEDIA_TYPES[format]);
  return new ProblemError({
    status: 415,
    code: 'unsupported-content-type',
    title: 'The Content-Type is not supported',
    detail: `${what}; send ${types.join(' or ')}, in UTF-8.`,
    headers: { Accept: types.join(', ') },
  });
}
