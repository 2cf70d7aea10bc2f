/** Where and why a text is not JSON. */
export interface JsonFault {
  /** Character of the text (a UTF-16 code unit) that doesn't fit; the text's length where it ends too early. */
  at: number;
  /** What would have fitted there, as the rest of a sentence "expected ...". Never holds the sender's values. */
  expected: string;
}

const LINE_FEED = 0x0a;
const STRING_PART = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const NUMBER_LIKE = /-?\d*\.?\d*(?:[eE][+-]?\d*)?/y;
const LITERAL = /true|false|null/y;
const WHITE_SPACE = /[ \t\n\r]*/y;

/** Line and column of a character of a text, counted from 1; a column is a code point. */
export function placeOf(text: string, at: number): { line: number; column: number } {
  let line = 1;
  let column = 1;
  for (let i = 0; i < at; i++) {
    const code = text.charCodeAt(i);
    if (code === LINE_FEED) {
      line++;
      column = 1;
    } else if (code < 0xdc00 || code > 0xdfff) column++; // the second half of a pair doesn't count
  }
  return { line, column };
}

/**
 * Finds where a text stops being JSON (RFC 8259). V8's own message names a place only sometimes, and quotes the text.
 * Iterative: a million open brackets need a million bytes, not a stack.
 * @returns undefined if the text is JSON
 */
export function findJsonFault(text: string): JsonFault | undefined {
  const open: ('{' | '[')[] = [];
  let at = 0;
  const skip = (pattern: RegExp): number => {
    pattern.lastIndex = at;
    const length = pattern.exec(text)?.[0].length ?? 0;
    at += length;
    return length;
  };
  const fault = (expected: string): JsonFault => ({ at, expected });

  for (;;) {
    // A value begins here.
    skip(WHITE_SPACE);
    const first = text[at];
    if (first === '{' || first === '[') {
      at++;
      skip(WHITE_SPACE);
      if (text[at] === (first === '{' ? '}' : ']')) at++;
      else {
        open.push(first);
        if (first === '[') continue;
        const broken = keyAndColon();
        if (broken !== undefined) return broken;
        continue;
      }
    } else if (first === '"') {
      const broken = string();
      if (broken !== undefined) return broken;
    } else if (first === '-' || (first !== undefined && first >= '0' && first <= '9')) {
      const broken = number();
      if (broken !== undefined) return broken;
    } else if (skip(LITERAL) === 0) return fault('a value');

    // It has ended: close what ends with it, up to a comma or the end.
    let closed: boolean;
    do {
      skip(WHITE_SPACE);
      const container = open.at(-1);
      closed = false;
      if (container === undefined) return at === text.length ? undefined : fault('the end of the text');
      const next = text[at];
      if (next === (container === '{' ? '}' : ']')) {
        open.pop();
        closed = true;
        at++;
      } else if (next !== ',') return fault(container === '{' ? '"," or "}"' : '"," or "]"');
    } while (closed);
    at++; // the comma
    if (open.at(-1) === '{') {
      skip(WHITE_SPACE);
      const broken = keyAndColon();
      if (broken !== undefined) return broken;
    }
  }

  function keyAndColon(): JsonFault | undefined {
    if (text[at] !== '"') return fault('a member\'s name in double quotes');
    const broken = string();
    if (broken !== undefined) return broken;
    skip(WHITE_SPACE);
    if (text[at] !== ':') return fault('":"');
    at++;
    return undefined;
  }
  function string(): JsonFault | undefined {
    at++;
    for (;;) {
      skip(STRING_PART);
      if (text[at] === '"') {
        at++;
        return undefined;
      }
      if (at >= text.length) return fault('the closing quote of a string');
      if (text[at] !== '\\') return fault('an escape such as \\n in place of a control character');
      if (skip(ESCAPE) === 0) return fault('a known escape behind the backslash');
    }
  }
  function number(): JsonFault | undefined {
    const start = at;
    if (skip(NUMBER) > 0) {
      const end = at;
      at = start;
      if (skip(NUMBER_LIKE) <= end - start) return undefined;
    } else skip(NUMBER_LIKE);
    at = start;
    return fault('a number as JSON writes it');
  }
}
