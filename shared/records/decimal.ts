import { ExactNumber } from './exact-number.ts';

/** What is wrong with a decimal; each maps to the item fault code of the same name. */
export type DecimalFault = 'type' | 'format' | 'range' | 'scale';

const NUMBER_TEXT = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/;
const ZEROS = '0'.repeat(64);
const MINUS = 45;
const ZERO = 48;
const NINE = 57;
/** No exponent beyond this can bring a number into any numeric column's range, unless all its digits are zero. */
const LARGEST_EXPONENT = 400;

/**
 * Brings a decimal into PostgreSQL's text of `numeric(precision, scale)`: sign, digits, point, exactly `scale` digits.
 * The value never passes through a float: numbers arrive as JS numbers only when they have at most 15 significant
 * digits, where a double gives back the digits it was read from; all others arrive as `ExactNumber` or text.
 * Digits beyond `scale` are accepted only if they are zeros: a decimal is never rounded.
 * @returns the text, or which fault it has
 */
export function canonicalDecimal(value: unknown, precision: number, scale: number): { text: string } | { fault: DecimalFault } {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) {
      const digits = String(value);
      // 0 has a digit before the point, yet fits every column, also one that has none there (precision = scale).
      if (value !== 0 && digits.length - (value < 0 ? 1 : 0) > precision - scale) return { fault: 'range' };
      return { text: scale === 0 ? digits : `${digits}.${ZEROS.slice(0, scale)}` };
    }
    const digits = String(value);
    return plainFraction(digits, precision, scale) ?? fromText(digits, precision, scale);
  }
  if (typeof value === 'string') return fromText(value, precision, scale);
  if (value instanceof ExactNumber) return fromText(value.text, precision, scale);
  return { fault: 'type' };
}

/** The common case of a JS number with a fraction and no exponent, without the general parser; undefined for all others. */
function plainFraction(digits: string, precision: number, scale: number): { text: string } | undefined {
  const point = digits.indexOf('.');
  const behind = digits.length - point - 1;
  if (point === -1 || behind > scale || digits.includes('e')) return undefined;
  const before = digits.charCodeAt(0) === MINUS ? point - 1 : point;
  return before > precision - scale ? undefined : { text: digits + ZEROS.slice(0, scale - behind) };
}

function fromText(text: string, precision: number, scale: number): { text: string } | { fault: DecimalFault } {
  const match = text.length > 2_000 ? null : NUMBER_TEXT.exec(text);
  if (match === null) return { fault: 'format' };
  const [, sign = '', whole = '', fraction = '', exponentText] = match;
  if (whole === '' && fraction === '') return { fault: 'format' };
  const digits = whole + fraction;
  const exponent = exponentText === undefined ? 0 : Number(exponentText);
  const significant = digits.replace(/^0+/, '');
  if (significant === '') return { text: place('0', 1, scale) };
  if (Math.abs(exponent) > LARGEST_EXPONENT) return { fault: exponent > 0 ? 'range' : 'scale' };
  let point = whole.length + exponent;
  let all = digits;
  if (point <= 0) {
    all = '0'.repeat(1 - point) + all;
    point = 1;
  } else if (point > all.length) all = all + '0'.repeat(point - all.length);
  const leading = /^0*/.exec(all.slice(0, point))?.[0].length ?? 0;
  const skip = Math.min(leading, point - 1);
  all = all.slice(skip);
  point -= skip;
  if (point > precision - scale && all.slice(0, point) !== '0') return { fault: 'range' };
  if (/[1-9]/.test(all.slice(point + scale))) return { fault: 'scale' };
  const placed = place(all.slice(0, point + scale), point, scale);
  return { text: sign === '-' ? `-${placed}` : placed };
}

/** Puts the point after `point` digits and fills up with zeros to `scale` digits behind it. */
function place(digits: string, point: number, scale: number): string {
  if (scale === 0) return digits.slice(0, point);
  return `${digits.slice(0, point)}.${digits.slice(point).padEnd(scale, '0')}`;
}

/** The exact product of two decimals in plain digits; its scale is the sum of theirs. */
export function multiplyDecimals(a: string, b: string): string {
  const [whole, scale] = [a, b].map((text): [bigint, number] => [BigInt(text.replace('.', '')), text.includes('.') ? text.length - text.indexOf('.') - 1 : 0])
    .reduce(([x, xScale], [y, yScale]) => [x * y, xScale + yScale]);
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, '0');
  return (whole < 0n ? '-' : '') + place(digits, digits.length - scale, scale);
}

/** Compares a canonical decimal with zero: -1, 0 or 1. */
export function signOf(canonical: string): -1 | 0 | 1 {
  const negative = canonical.charCodeAt(0) === MINUS;
  for (let i = negative ? 1 : 0; i < canonical.length; i++) {
    const code = canonical.charCodeAt(i);
    if (code > ZERO && code <= NINE) return negative ? -1 : 1;
  }
  return 0;
}

/** `JSON.rawJSON` of ECMAScript's "JSON.parse source text access" proposal (stage 4), which TypeScript's library lacks. */
const { rawJSON } = JSON as unknown as { rawJSON: (this: void, text: string) => unknown };

/** A canonical decimal as a value that JSON.stringify writes as a number with exactly these digits. */
export function rawNumber(canonical: unknown): unknown {
  return canonical == null ? null : rawJSON(String(canonical as string));
}
