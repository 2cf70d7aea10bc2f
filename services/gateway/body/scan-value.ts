/** What one pass over the bytes of a JSON value tells about it. */
export interface ValueScan {
  /** First byte of the value. */
  start: number;
  /** First byte behind the value. */
  end: number;
  /** Colons outside strings: as many as keys are written, whether JSON.parse keeps them or not. */
  colons: number;
  /** Levels of arrays and objects: 0 for a scalar, 1 for a flat object. */
  depth: number;
  /**
   * JSON.parse may have changed something. Errs on the side of true. Either a number that a double may not hold (over 15
   * digits, or an exponent), or an escape in a key: V8 13 and 14 may take a key of one escaped character for a backslash
   * once any text had a key that is a backslash (nodejs/node#63785).
   */
  suspect: boolean;
}

/** JSON text that JSON.parse has accepted, ready to be scanned. */
export interface JsonBytes {
  bytes: Buffer;
  /** The same bytes, if there is no backslash among them: then a string ends at the next quote. */
  words: DataView | undefined;
}

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const NINE = 0x39;
const ZERO = 0x30;
const COLON = 0x3a;
const UPPER_E = 0x45;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LOWER_A = 0x61;
const LOWER_E = 0x65;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;

/** Any decimal of so many significant digits survives the way through a double and back (DBL_DIG of IEEE 754). */
const EXACT_DIGITS = 15;

/** Prepares accepted JSON text for the scans below. */
export function jsonBytes(bytes: Buffer): JsonBytes {
  return { bytes, words: bytes.includes(BACKSLASH) ? undefined : new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

/**
 * Scans one value; on text that JSON.parse hasn't accepted the result means nothing, but it always ends.
 * It reads bytes, not characters: all that it looks for is ASCII, which never occurs inside a UTF-8 sequence, and a
 * byte of a buffer is cheaper than a character of a string.
 * @param start the value's first byte
 */
export function scanValue({ bytes, words }: JsonBytes, start: number): ValueScan {
  const length = bytes.length;
  let at = start;
  let open = 0;
  let depth = 0;
  let colons = 0;
  let suspect = false;
  let escaped = false;
  do {
    const byte = bytes[at++] as number;
    if (byte === QUOTE) {
      if (words !== undefined) {
        at = endOfPlainString(bytes, words, at);
        continue;
      }
      escaped = false;
      while (at < length) {
        const inside = bytes[at++] as number;
        if (inside === QUOTE) break;
        if (inside === BACKSLASH) {
          escaped = true;
          at++;
        }
      }
    } else if (byte === COLON) {
      colons++;
      if (escaped) suspect = true;
    } else if (byte <= NINE) {
      if (byte < MINUS) continue; // white space and commas
      const from = at - 1;
      let exponent = false;
      for (; at < length; at++) {
        const next = bytes[at] as number;
        if (next >= MINUS && next <= NINE) continue;
        if (next === LOWER_E || next === UPPER_E) exponent = true;
        else if (next !== PLUS) break;
      }
      if (exponent || (at - from > EXACT_DIGITS && countDigits(bytes, from, at) > EXACT_DIGITS)) suspect = true;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (++open > depth) depth = open;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) open--;
    else if (open === 0) {
      while (at < length && (bytes[at] as number) >= LOWER_A && (bytes[at] as number) < OPEN_OBJECT) at++; // true, false, null
    }
  } while (open > 0 && at < length);
  return { start, end: at, colons, depth, suspect };
}

/** Scans the items of an array whose bracket stands at `start`; `end` is the first byte behind its closing bracket. */
export function scanItems(json: JsonBytes, start: number): { items: ValueScan[]; end: number } {
  const { bytes } = json;
  const items: ValueScan[] = [];
  let at = skipToToken(bytes, start + 1);
  while (at < bytes.length && bytes[at] !== CLOSE_ARRAY) {
    const item = scanValue(json, at);
    items.push(item);
    at = skipToToken(bytes, item.end);
  }
  return { items, end: at + 1 };
}

/** A member of an object: its name, unescaped, and what a scan says of its value, or of the items of its value. */
export type MemberScan = { name: string; value: ValueScan } | { name: string; items: ValueScan[] };

/**
 * Scans the members of an object whose brace stands at `start`, in the order they are written, repeated ones too.
 * @param itemsOf name of the member that is scanned item by item where it is an array
 */
export function scanMembers(json: JsonBytes, start: number, itemsOf: string): MemberScan[] {
  const { bytes } = json;
  const members: MemberScan[] = [];
  let at = skipToToken(bytes, start + 1);
  while (at < bytes.length && bytes[at] !== CLOSE_OBJECT) {
    const keyEnd = endOfString(json, at + 1);
    const name = JSON.parse(bytes.toString('utf8', at, keyEnd)) as string;
    at = skipToToken(bytes, keyEnd);
    if (name === itemsOf && bytes[at] === OPEN_ARRAY) {
      const { items, end } = scanItems(json, at);
      members.push({ name, items });
      at = end;
    } else {
      const value = scanValue(json, at);
      members.push({ name, value });
      at = value.end;
    }
    at = skipToToken(bytes, at);
  }
  return members;
}

/** The first byte from `at` on that is neither white space nor a comma nor a colon. */
export function skipToToken(bytes: Buffer, at: number): number {
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte > SPACE && byte !== COMMA && byte !== COLON) break;
    at++;
  }
  return at;
}

/** The first byte behind a string whose content begins at `at`. */
function endOfString({ bytes, words }: JsonBytes, at: number): number {
  if (words !== undefined) return endOfPlainString(bytes, words, at);
  const length = bytes.length;
  while (at < length) {
    const byte = bytes[at++] as number;
    if (byte === QUOTE) break;
    if (byte === BACKSLASH) at++;
  }
  return at;
}

/**
 * The same in a text without backslashes, four bytes at a time; most of a text is strings, and this takes a third less.
 * `q` has a zero byte where a quote is, and `(q - 0x01010101) & ~q & 0x80808080` has its lowest bit set in the first zero
 * byte of `q` (Warren, Hacker's Delight, 6-1).
 */
function endOfPlainString(bytes: Buffer, words: DataView, at: number): number {
  for (const last = bytes.length - 4; at <= last; at += 4) {
    const q = words.getInt32(at, true) ^ 0x22222222;
    const hit = (q - 0x01010101) & ~q & 0x80808080;
    if (hit !== 0) return at + ((31 - Math.clz32(hit & -hit)) >> 3) + 1;
  }
  while (at < bytes.length && bytes[at++] !== QUOTE);
  return at;
}

function countDigits(bytes: Buffer, from: number, to: number): number {
  let digits = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte >= ZERO && byte <= NINE) digits++;
  }
  return digits;
}
