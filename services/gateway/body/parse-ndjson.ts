import { isAscii } from 'node:buffer';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { BrokenLine } from '../../../shared/records/sentinels.ts';
import { decodeUtf8, firstInvalidUtf8, withoutByteOrderMark } from './decode-utf8.ts';
import { findJsonFault, placeOf } from './json-fault.ts';
import { jsonBytes, scanValue, skipToToken } from './scan-value.ts';
import type { JsonBytes } from './scan-value.ts';
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
  const { items } = parseLines(withoutByteOrderMark(body), 0);
  if (items.length === 0) {
    const errors = [{ pointer: '', code: 'empty-body', message: 'has no line' }];
    throw new ProblemError({ status: 400, code: 'empty-body', title: 'The body is empty', detail: 'The body is empty; one JSON value a line was expected.', errors });
  }
  return items;
}

/**
 * Parses lines as parseNdjson does; there may be none.
 * @param before number of lines before these; undefined where that is not known: then faults name no line
 * @returns the items, and how many lines there were, blank ones included
 */
export function parseLines(bytes: Buffer, before: number | undefined): { items: unknown[]; lines: number } {
  const json = jsonBytes(bytes);
  // In ASCII a character is a byte, so one decoding serves all lines; otherwise each has its own.
  const ascii = isAscii(bytes) ? bytes.toString('latin1') : undefined;
  const items: unknown[] = [];
  let lines = 0;
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.length : found;
    lines++;
    const line = before === undefined ? 0 : before + lines;
    const text = ascii?.slice(start, end) ?? decodeUtf8(bytes.subarray(start, end));
    if (text === undefined) items.push(new BrokenLine(line, `it is not valid UTF-8 at its byte ${firstInvalidUtf8(bytes.subarray(start, end))} (counted from 0).`));
    else if (!BLANK.test(text)) items.push(parseLine(text, line, json, start));
    start = end + 1;
  }
  return { items, lines };
}

/** The value of a line that isn't blank, whose bytes begin at `start` of `json`. */
function parseLine(text: string, line: number, json: JsonBytes, start: number): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return new BrokenLine(line, describe(text));
  }
  return settleValue(parsed, json.bytes, scanValue(json, skipToToken(json.bytes, start)));
}

/** What is wrong with a line. V8's own message quotes the text, and often lacks the place. */
function describe(text: string): string {
  const { at, expected } = findJsonFault(text) ?? { at: text.length, expected: 'JSON' };
  const where = at === text.length ? 'it ends too early, at column' : 'at column';
  return `${where} ${placeOf(text, at).column}, ${expected} was expected.`;
}
