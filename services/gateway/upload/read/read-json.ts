import { ProblemError } from '../../../../shared/errors/problem.ts';
import { BrokenLine } from '../../../../shared/records/sentinels.ts';
import { parseArrayBody, parseSingle } from '../../body/parse-json.ts';
import type { ItemReader } from './cut-segments.ts';
import type { UploadPlace } from './segment.ts';

const [TAB, LINE_FEED, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
/** An envelope's first member is found within so many bytes, or there is none. */
const MOST_HEAD = 1_024;
const HEAD = /^[ \t\r\n]*\{[ \t\r\n]*"([^"\\]*)"[ \t\r\n]*:[ \t\r\n]*\[/;

/** Where in the text the reader is: before the array, before its first item, in an item, behind one, behind a comma, behind the array, behind all. */
type At = 'start' | 'first' | 'item' | 'behind' | 'comma' | 'closed' | 'done';

/**
 * Reads an array of items, or an object whose one member ("items", or the name of the collection) is that array. An item
 * ends where its brackets and quotes are closed: what stands between them is JSON.parse's to say, so that one which is
 * no JSON is one broken item.
 * @param members names that the array's member may have
 */
export function jsonReader(from: UploadPlace, members: readonly string[]): ItemReader {
  let at: At = from.bytes === 0 ? 'start' : 'behind';
  /** `maybe`: the upload goes on in the middle, and how it began is not known. */
  let enveloped: boolean | 'maybe' = from.bytes === 0 ? false : 'maybe';
  let position = 0;
  let base = from.bytes;
  let start = 0;
  let depth = 0;
  let inString = false;
  let ranges: [start: number, end: number][] = [];

  const broken = (where: number, what: string) => new ProblemError({ status: 400, code: 'invalid-json', title: 'The upload is not valid JSON', detail: `At byte ${base + where} ${what}. What came before stands.` });
  const wrongFormat = (what: string) => new ProblemError({ status: 400, code: 'wrong-format', title: 'The upload is no array of items', detail: `${what} Send an array, or an object with "${members.join('" or "')}" as its only member; one JSON value a line goes as application/x-ndjson.` });

  /** Behind the head, or false where more bytes are needed. */
  function readHead(bytes: Buffer): boolean {
    if (bytes[0] === BYTE_ORDER_MARK[0] && bytes.length < BYTE_ORDER_MARK.length) return false;
    const skipped = bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
    const head = bytes.toString('latin1', skipped, MOST_HEAD);
    const found = HEAD.exec(head);
    const begin = head.search(/[^ \t\r\n]/);
    if (begin === -1 && bytes.length < MOST_HEAD) return false;
    if (head[begin] === '[') position = skipped + begin + 1;
    else if (found === null) {
      if (head[begin] === '{' && bytes.length < MOST_HEAD && !/^[ \t\r\n]*\{[ \t\r\n]*("[^"\\]*"[ \t\r\n]*:[ \t\r\n]*[^ \t\r\n[]|[^ \t\r\n"])/.test(head)) return false;
      throw wrongFormat(head[begin] === '{' ? 'It begins with an object that does not hold the items first.' : 'It begins neither with [ nor with {.');
    } else {
      if (!members.includes(found[1] ?? '')) throw wrongFormat('It is an object with another member.');
      enveloped = true;
      position = skipped + found[0].length;
    }
    at = 'first';
    return true;
  }

  /** Behind the item at `start`, or -1. Reads bytes: what it looks for is ASCII, which never occurs inside a UTF-8 sequence. */
  function endOfItem(bytes: Buffer): number {
    for (let i = position; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      if (inString) {
        if (byte === BACKSLASH) {
          // The escaped byte decides nothing; where it has not come yet, the backslash is read once more.
          if (++i >= bytes.length) {
            position = i - 1;
            return -1;
          }
        } else if (byte === QUOTE) {
          inString = false;
          if (depth === 0) return i + 1;
        }
      } else if (byte === QUOTE) inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (depth === 0) return i;
        if (--depth === 0) return i + 1;
      } else if (depth === 0 && (byte === COMMA || isBlank(byte)) && i > start) return i;
    }
    position = bytes.length;
    return -1;
  }

  return {
    next(bytes) {
      if (at === 'start' && !readHead(bytes)) return -1;
      for (;;) {
        if (at === 'item') {
          const end = endOfItem(bytes);
          if (end === -1) return -1;
          at = 'behind';
          position = end;
          ranges.push([start, end]);
          return end;
        }
        while (position < bytes.length && isBlank(bytes[position] as number)) position++;
        if (position >= bytes.length) return -1;
        const byte = bytes[position] as number;
        if (at === 'done') throw broken(position, 'something follows the array');
        else if (at === 'closed') {
          if (byte !== CLOSE_OBJECT || enveloped === false) throw broken(position, enveloped === false ? 'something follows the array' : 'something follows the array, where its object should end');
          at = 'done';
          position++;
        } else if (at === 'behind') {
          if (byte === CLOSE_ARRAY) at = 'closed';
          else if (byte === COMMA) at = 'comma';
          else throw broken(position, 'a comma or the end of the array was expected');
          position++;
        } else if (byte === CLOSE_ARRAY && at === 'first') {
          at = 'closed';
          position++;
        } else if (byte === COMMA || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) throw broken(position, 'an item was expected');
        else {
          at = 'item';
          start = position;
          depth = 0;
          inString = false;
        }
      }
    },
    take(bytes, end) {
      const items = itemsOf(bytes, ranges);
      ranges = [];
      position -= end;
      start -= end;
      base += end;
      return { items };
    },
    ends(bytes) {
      if (at === 'start' && !/[^ \t\r\n]/.test(bytes.toString('latin1'))) return 0;
      if (at === 'start') throw wrongFormat('It ends before its first item.');
      if (at !== 'done' && (at !== 'closed' || enveloped === true)) throw broken(bytes.length, 'the upload ends within its array');
      // The end of the array is no part of a segment: an upload that goes on has to bring it.
      return ranges.at(-1)?.[1] ?? 0;
    },
  };
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === RETURN || byte === TAB;
}

/** The values of neighbouring items, parsed together; where one of them is no JSON, each by itself. */
function itemsOf(bytes: Buffer, ranges: readonly (readonly [number, number])[]): unknown[] {
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first === undefined || last === undefined) return [];
  try {
    const items = parseArrayBody(Buffer.concat([Buffer.of(OPEN_ARRAY), bytes.subarray(first[0], last[1]), Buffer.of(CLOSE_ARRAY)]));
    if (items.length === ranges.length) return items;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
  }
  return ranges.map(([from, to]) => {
    try {
      return parseSingle(bytes.subarray(from, to));
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      return new BrokenLine(0, error.data.detail ?? error.data.title);
    }
  });
}
