import { ExactNumber } from '../../../shared/records/exact-number.ts';
import { DUPLICATE_KEY } from '../../../shared/records/sentinels.ts';

const EXACT_DIGITS = 15;
/** Within a double's normal range (2.3e-308 to 1.7e308) 15 significant digits survive the way there and back. */
const LARGEST_EXPONENT = 307;
const SPACE = 0x20;
const QUOTE = 0x22;
const ZERO = 0x30;
const BACKSLASH = 0x5c;
const NUMBER = /-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?/y;

/**
 * Parses JSON text as JSON.parse does, but loses nothing: a number that a double can't hold exactly becomes an
 * `ExactNumber`, and the value of a key that its object holds more than once becomes `DUPLICATE_KEY`, equal values or not.
 * Slower than JSON.parse by an order of magnitude, and recursive.
 * @param text JSON text that JSON.parse has accepted, nested no deeper than the caller's bound
 */
export function parseExact(text: string): unknown {
  let at = 0;
  return value();

  function value(): unknown {
    skipWhiteSpace();
    const first = text[at];
    const parsed = first === '{' ? object() : first === '[' ? array() : first === '"' ? string() : scalar();
    skipWhiteSpace();
    return parsed;
  }
  function object(): Record<string, unknown> {
    const parsed: Record<string, unknown> = {};
    at++;
    skipWhiteSpace();
    while (text[at] !== '}') {
      const key = string();
      skipWhiteSpace();
      at++; // the colon
      const member = value();
      setOwn(parsed, key, Object.hasOwn(parsed, key) ? DUPLICATE_KEY : member);
      if (text[at] === ',') at++;
      skipWhiteSpace();
    }
    at++;
    return parsed;
  }
  function array(): unknown[] {
    const parsed: unknown[] = [];
    at++;
    skipWhiteSpace();
    while (text[at] !== ']') {
      parsed.push(value());
      if (text[at] === ',') at++;
    }
    at++;
    return parsed;
  }
  function string(): string {
    const start = at++;
    let escaped = false;
    for (let code = text.charCodeAt(at); code !== QUOTE && at < text.length; code = text.charCodeAt(at)) {
      if (code === BACKSLASH) escaped = true;
      at += code === BACKSLASH ? 2 : 1;
    }
    at++;
    return escaped ? (JSON.parse(text.slice(start, at)) as string) : text.slice(start + 1, at - 1);
  }
  function scalar(): unknown {
    if (text.startsWith('true', at)) return skip(4, true);
    if (text.startsWith('false', at)) return skip(5, false);
    if (text.startsWith('null', at)) return skip(4, null);
    return exactNumber(match(NUMBER));
  }
  function skip<T>(length: number, parsed: T): T {
    at += length;
    return parsed;
  }
  function skipWhiteSpace(): void {
    while (text.charCodeAt(at) <= SPACE) at++;
  }
  function match(pattern: RegExp): string {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found === undefined) throw new Error(`Text that JSON.parse accepted does not read as JSON at character ${at}`);
    at += found.length;
    return found;
  }
}

/** The number that a JSON number token stands for: a JS number if that gives back the same decimal, else an `ExactNumber`. */
export function exactNumber(token: string): number | ExactNumber {
  if (token.length <= EXACT_DIGITS && !/e/i.test(token)) return Number(token);
  NUMBER.lastIndex = 0;
  const [, whole = '', fraction = '', exponent = '0'] = NUMBER.exec(token) ?? [];
  const digits = whole + fraction;
  const leading = countLeadingZeros(digits);
  if (leading === digits.length) return Number(token);
  let last = digits.length;
  while (digits.charCodeAt(last - 1) === ZERO) last--;
  // The power of ten of the first digit that isn't zero.
  const magnitude = Number(exponent) + whole.length - 1 - leading;
  return last - leading <= EXACT_DIGITS && Math.abs(magnitude) <= LARGEST_EXPONENT ? Number(token) : new ExactNumber(token);
}

function countLeadingZeros(digits: string): number {
  let zeros = 0;
  while (digits.charCodeAt(zeros) === ZERO) zeros++;
  return zeros;
}

function setOwn(object: Record<string, unknown>, key: string, member: unknown): void {
  // Assigning to __proto__ would change the prototype; JSON.parse makes it a member like any other.
  if (key === '__proto__') Object.defineProperty(object, key, { value: member, writable: true, enumerable: true, configurable: true });
  else object[key] = member;
}
