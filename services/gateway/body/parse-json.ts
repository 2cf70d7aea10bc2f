import { ProblemError } from '../../../shared/errors/problem.ts';
import type { ItemFault } from '../../../shared/errors/problem.ts';
import { pointerTo } from '../../../shared/records/validate-item.ts';
import { decodeUtf8, firstInvalidUtf8, withoutByteOrderMark } from './decode-utf8.ts';
import { findJsonFault, placeOf } from './json-fault.ts';
import { jsonBytes, scanItems, scanMembers, scanValue, skipToToken } from './scan-value.ts';
import type { MemberScan } from './scan-value.ts';
import { settleValue } from './settle-value.ts';

/** What an envelope may hold. */
export interface EnvelopeShape {
  /** The member that holds the items. */
  member: string;
  /** Further members that are known; all others are refused, unless they are null. */
  others?: readonly string[];
}

const LETTER_N = 0x6e; // of null: no other value begins with it
const BLANK = /^[ \t\r\n]*$/;
/** Members that an answer names at most: a body can hold a million that are wrong. */
const MOST_FAULTS = 20;

/*
 * All of the parse functions below work in the same way. The whole text is parsed once by JSON.parse, then its bytes are
 * scanned once, and only an item in which the scan finds that JSON.parse lost something is parsed again, exactly.
 * So every value they return is a plain one of JSON.parse, except that: a number that a double can't hold exactly is an
 * `ExactNumber`, a key's value is `DUPLICATE_KEY` where its object has that key more than once, and what is nested
 * deeper than 32 levels is `TOO_DEEP`. Whether an item is an object is for the item's check to say.
 * They throw ProblemErrors of status 400 only: empty-body, invalid-utf8, invalid-json, and those named at each.
 */

/** Parses a body that is one value, such as a single record. */
export function parseSingle(body: Buffer): unknown {
  const { bytes, value, start } = parseWhole(body);
  return settleValue(value, bytes, scanValue(jsonBytes(bytes), start));
}

/**
 * Parses a body that is an array of items.
 * @throws ProblemError 400 not-an-array
 */
export function parseArrayBody(body: Buffer): unknown[] {
  const { bytes, value, start } = parseWhole(body);
  if (!Array.isArray(value)) throw wrongShape('not-an-array', `The body must be an array of items, not ${kindOf(value)}.`, [{ pointer: '', message: 'must be an array' }]);
  scanItems(jsonBytes(bytes), start).items.forEach((scan, index) => {
    value[index] = settleValue(value[index], bytes, scan);
  });
  return value;
}

/**
 * Parses a body that is an object, one of whose members holds the items.
 * @returns the items, and what stands in the other known members
 * @throws ProblemError 400 missing-member, not-an-array, unknown-member, duplicate-key, with pointers
 */
export function parseEnvelope(body: Buffer, shape: EnvelopeShape): { items: unknown[]; rest: Record<string, unknown> } {
  const { bytes, value, start } = parseWhole(body);
  const pointer = pointerTo(shape.member);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrongShape('missing-member', `The body must be an object with the member "${shape.member}", an array of items; it is ${kindOf(value)}.`, [{ pointer, message: 'is missing' }]);
  const envelope = value as Record<string, unknown>;
  const members = scanMembers(jsonBytes(bytes), start, shape.member);
  checkMembers(members, (member) => 'value' in member && bytes[member.value.start] === LETTER_N, shape);
  const items = envelope[shape.member];
  if (!Array.isArray(items)) throw wrongShape('not-an-array', `"${shape.member}" must be an array of items, not ${kindOf(items)}.`, [{ pointer, message: 'must be an array' }]);

  const rest: Record<string, unknown> = {};
  for (const member of members) {
    if ('items' in member) {
      member.items.forEach((scan, index) => {
        items[index] = settleValue(items[index], bytes, scan);
      });
    } else if (shape.others?.includes(member.name)) rest[member.name] = settleValue(envelope[member.name], bytes, member.value);
  }
  return { items, rest };
}

/** Refuses members that are missing, unknown, or there twice; those that are null count as not there. */
function checkMembers(members: readonly MemberScan[], isNull: (member: MemberScan) => boolean, shape: EnvelopeShape): void {
  const known = [shape.member, ...(shape.others ?? [])];
  const says = `known ${known.length === 1 ? 'is' : 'are'} ${known.map((name) => `"${name}"`).join(', ')}`;
  const seen = new Set<string>();
  const repeated: ItemFault[] = [];
  const unknown: ItemFault[] = [];
  for (const member of members) {
    const { name } = member;
    if (seen.has(name)) repeated.push({ pointer: pointerTo(name), code: 'duplicate-key', message: 'stands more than once' });
    else if (!known.includes(name) && !isNull(member)) unknown.push({ pointer: pointerTo(name), code: 'unknown-member', message: `is not known; ${says}` });
    seen.add(name);
  }
  if (repeated.length > 0) throw wrongShape('duplicate-key', `The body has a member more than once: ${listed(repeated)}.`, repeated);
  if (!seen.has(shape.member)) {
    const instead = unknown.length > 0 ? `; it has ${listed(unknown)}` : '';
    throw wrongShape('missing-member', `The body must have the member "${shape.member}", an array of items${instead}.`, [{ pointer: pointerTo(shape.member), message: 'is missing' }, ...unknown]);
  }
  if (unknown.length > 0) throw wrongShape('unknown-member', `The body has members that are not known: ${listed(unknown)}; ${says}.`, unknown);
}

function listed(faults: readonly ItemFault[]): string {
  return faults.slice(0, MOST_FAULTS).map((fault) => fault.pointer).join(', ') + (faults.length > MOST_FAULTS ? ` and ${faults.length - MOST_FAULTS} more` : '');
}

/** Decodes and parses a body; `start` is the place of its value in `bytes`. */
function parseWhole(body: Buffer): { bytes: Buffer; value: unknown; start: number } {
  const bytes = withoutByteOrderMark(body);
  const text = decodeUtf8(bytes);
  if (text === undefined) {
    const place = firstInvalidUtf8(body);
    throw unreadable('invalid-utf8', 'The body is not UTF-8', `The body is not valid UTF-8 at byte ${place} (counted from 0).`);
  }
  const start = skipToToken(bytes, 0);
  if (start === bytes.length && BLANK.test(text)) throw unreadable('empty-body', 'The body is empty', 'The body is empty; JSON was expected.');
  try {
    return { bytes, value: JSON.parse(text), start };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalidJson(text, body.length - bytes.length);
  }
}

/** V8's own message is not passed on, nor kept as cause: it quotes the text. */
function invalidJson(text: string, mark: number): ProblemError {
  const { at, expected } = findJsonFault(text) ?? { at: text.length, expected: 'JSON' };
  const { line, column } = placeOf(text, at);
  const byte = Buffer.byteLength(text.slice(0, at)) + mark;
  const where = at === text.length ? 'it ends too early, at' : 'at';
  return unreadable('invalid-json', 'The body is not valid JSON', `The body is not valid JSON: ${where} line ${line}, column ${column} (byte ${byte}), ${expected} was expected.`);
}

function unreadable(code: string, title: string, detail: string): ProblemError {
  return new ProblemError({ status: 400, code, title, detail, errors: [{ pointer: '', code, message: detail }] });
}

const SHAPE_TITLES = {
  'not-an-array': 'Items must come as an array',
  'missing-member': 'A member of the body is missing',
  'unknown-member': 'A member of the body is not known',
  'duplicate-key': 'A member of the body stands more than once',
};

function wrongShape(code: keyof typeof SHAPE_TITLES, detail: string, faults: { pointer: string; code?: string; message: string }[]): ProblemError {
  return new ProblemError({ status: 400, code, title: SHAPE_TITLES[code], detail, errors: faults.slice(0, MOST_FAULTS).map((fault) => ({ code, ...fault })) });
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
