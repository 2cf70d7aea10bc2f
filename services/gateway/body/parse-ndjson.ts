import { ProblemError } from '../../../shared/errors/problem.ts';
import { BrokenLine } from '../../../shared/records/sentinels.ts';
import { decodeUtf8, firstInvalidUtf8, withoutByteOrderMark } from './decode-utf8.ts';
import { findJsonFault, placeOf } from './json-fault.ts';
import { scanValue, skipToToken } from './scan-value.ts';
import { settleValue } from './settle-value.ts';

const LINE_FEED = 0x0a;
const BLANK = /^[ \t\r]*$/;

/**
 * Parses a body of one JSON value a line; lines end in LF or CRLF, the last may end in nothing, blank ones are skipped.
 * A line that isn't JSON, or isn't UTF-8, becomes a `BrokenLine` in its place, and the others live.
 * Values are as those of parseArrayBody: exact numbers, duplicate keys and deep nesting show in them.
 * @throws ProblemError 400 empty-body if there is no line but blank ones
 */
export function parseNdjson(body: Buffer): unknown[] {
  const bytes = withoutByteOrderMark(body);
  const items: unknown[] = [];
  let line = 0;
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.length : found;
    const item = parseLine(bytes.subarray(start, end), ++line);
    if (item !== undefined) items.push(item);
    start = end + 1;
  }
  if (items.length === 0) throw new ProblemError({ status: 400, code: 'empty-body', title: 'The body is empty', detail: 'The body is empty; one JSON value a line was expected.', errors: [{ pointer: '', code: 'empty-body', message: 'has no line' }] });
  return items;
}

/**
 * Parses one line.
 * @param bytes the line without its line feed
 * @param line its number, from 1, for the message if it is broken
 * @returns its value, or a `BrokenLine`; undefined if it is blank
 */
export function parseLine(bytes: Buffer, line: number): unknown {
  const text = decodeUtf8(bytes);
  if (text === undefined) return new BrokenLine(line, `it is not valid UTF-8 at its byte ${firstInvalidUtf8(bytes)} (counted from 0).`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return BLANK.test(text) ? undefined : new BrokenLine(line, describe(text));
  }
  return settleValue(parsed, bytes, scanValue(bytes, skipToToken(bytes, 0)));
}

/** What is wrong with a line. V8's own message quotes the text, and often lacks the place. */
function describe(text: string): string {
  const { at, expected } = findJsonFault(text) ?? { at: text.length, expected: 'JSON' };
  const where = at === text.length ? 'it ends too early, at column' : 'at column';
  return `${where} ${placeOf(text, at).column}, ${expected} was expected.`;
}
