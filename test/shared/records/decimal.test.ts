import { canonicalDecimal, multiplyDecimals, rawNumber, signOf } from '../../../shared/records/decimal.ts';
import { ExactNumber } from '../../../shared/records/exact-number.ts';
import { oneOf, seeded, upTo } from '../../services/gateway/body/random-json.ts';

const money = (value: unknown) => canonicalDecimal(value, 18, 8);

test.each<[unknown, string]>([
  [0, '0.00000000'],
  [-0, '0.00000000'],
  ['-0', '0.00000000'],
  ['-0.000', '0.00000000'],
  ['0e999999', '0.00000000'],
  ['1E+2', '100.00000000'],
  ['.5', '0.50000000'],
  ['5.', '5.00000000'],
  ['+7', '7.00000000'],
  ['00012.50', '12.50000000'],
  [100.5, '100.50000000'],
  [-0.25, '-0.25000000'],
  [1e-7, '0.00000010'],
  ['0.0000000100', '0.00000001'],
  [new ExactNumber('9999999999.99999999'), '9999999999.99999999'],
  ['-9999999999.99999999', '-9999999999.99999999'],
  ['0.1000000000000000000000000000', '0.10000000'],
])('%p becomes %s', (value, text) => {
  expect(money(value)).toEqual({ text });
});

test('thirty digits are kept to the last', () => {
  expect(canonicalDecimal('123456789012345678901234567890', 30, 0)).toEqual({ text: '123456789012345678901234567890' });
  expect(canonicalDecimal(new ExactNumber('-1234567890.12345678901234567890'), 30, 20)).toEqual({ text: '-1234567890.12345678901234567890' });
});

test.each<[unknown, string]>([
  [10_000_000_000, 'range'],
  ['10000000000.00000000', 'range'],
  ['1e400', 'range'],
  ['1e999999', 'range'],
  [1e22, 'range'],
  [1e-9, 'scale'],
  ['1e-999999', 'scale'],
  ['9999999999.999999999', 'scale'],
  ['', 'format'],
  ['.', 'format'],
  ['1e', 'format'],
  ['e5', 'format'],
  ['1,5', 'format'],
  [' 1', 'format'],
  ['0x10', 'format'],
  ['1_000', 'format'],
  ['١', 'format'],
  ['NaN', 'format'],
  [NaN, 'format'],
  [Infinity, 'format'],
  ['1'.repeat(2_001), 'format'],
  [null, 'type'],
  [undefined, 'type'],
  [true, 'type'],
  [[1], 'type'],
  [{}, 'type'],
])('%p is refused as %s', (value, fault) => {
  expect(money(value)).toEqual({ fault });
});

test('0 fits a column that has no digit before the point, 1 does not', () => {
  for (const zero of [0, -0, '0', '-0.0', new ExactNumber('0')]) expect(canonicalDecimal(zero, 5, 5)).toEqual({ text: '0.00000' });
  for (const half of [-0.5, '-.5']) expect(canonicalDecimal(half, 5, 5)).toEqual({ text: '-0.50000' });
  for (const one of [1, '1', -1, '1.0']) expect(canonicalDecimal(one, 5, 5)).toEqual({ fault: 'range' });
});

/** What canonicalDecimal promises, by BigInt arithmetic on whole units of the last digit. */
function byArithmetic(sign: string, whole: string, fraction: string, exponent: number, precision: number, scale: number): { text: string } | { fault: string } {
  const digits = BigInt(whole + fraction);
  const shift = exponent - fraction.length + scale;
  const divisor = shift < 0 ? 10n ** BigInt(-shift) : 1n;
  const dividend = shift < 0 ? digits : digits * 10n ** BigInt(shift);
  if (dividend >= 10n ** BigInt(precision) * divisor) return { fault: 'range' };
  if (dividend % divisor !== 0n) return { fault: 'scale' };
  const units = (dividend / divisor).toString().padStart(scale + 1, '0');
  const text = scale === 0 ? units : `${units.slice(0, -scale)}.${units.slice(-scale)}`;
  return { text: sign === '-' && digits !== 0n ? `-${text}` : text };
}

test('20,000 random texts agree with BigInt arithmetic: exact, never rounded, refused for the right reason', () => {
  const random = seeded(20_261_122);
  const someDigits = (most: number) => Array.from({ length: upTo(random, most + 1) }, () => oneOf(random, ['0', '0', '0', '1', '5', '9'])).join('');
  const seen = { text: 0, range: 0, scale: 0 };
  for (let n = 0; n < 20_000; n++) {
    const precision = 1 + upTo(random, 30);
    const scale = upTo(random, precision + 1);
    const [sign, whole] = [oneOf(random, ['', '', '-', '+']), someDigits(12)];
    const fraction = whole === '' ? `${someDigits(11)}0` : someDigits(12);
    const exponent = random() < 0.5 ? 0 : upTo(random, 25) - 12;
    const point = fraction === '' ? oneOf(random, ['', '.']) : '.';
    const text = `${sign}${whole}${point}${fraction}${exponent === 0 ? oneOf(random, ['', 'e0', 'E-0']) : `${oneOf(random, ['e', 'E'])}${exponent}`}`;
    const expected = byArithmetic(sign, whole, fraction, exponent, precision, scale);
    expect({ text, precision, scale, is: canonicalDecimal(text, precision, scale) }).toEqual({ text, precision, scale, is: expected });
    seen['text' in expected ? 'text' : (expected.fault as 'range' | 'scale')]++;
  }
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(1_000);
});

test('20,000 random numbers of at most 15 significant digits agree with the text they were read from', () => {
  const random = seeded(15);
  for (let n = 0; n < 20_000; n++) {
    const precision = 1 + upTo(random, 30);
    const scale = upTo(random, precision + 1);
    const text = `${oneOf(random, ['', '-'])}${upTo(random, 10 ** (1 + upTo(random, 15)))}e${upTo(random, 25) - 16}`;
    expect({ text, precision, scale, is: canonicalDecimal(Number(text), precision, scale) }).toEqual({ text, precision, scale, is: canonicalDecimal(text, precision, scale) });
  }
});

test('the sign is that of the value, and zero has none', () => {
  expect(['0', '0.00', '-0.01', '-10', '0.01', '7'].map(signOf)).toEqual([0, 0, -1, -1, 1, 1]);
});

test('a canonical decimal goes into JSON as a number with exactly its digits', () => {
  expect(JSON.stringify({ a: rawNumber('9999999999.99999999'), b: rawNumber('100.50000000'), c: rawNumber(null), d: rawNumber(undefined) })).toBe('{"a":9999999999.99999999,"b":100.50000000,"c":null,"d":null}');
});

test.each([
  ['1.50', '2', '3.00'],
  ['0.00000001', '0.00000001', '0.0000000000000001'],
  ['9999999999.99999999', '9999999999.99999999', '99999999999999999800.0000000000000001'],
  ['-1.5', '0.5', '-0.75'],
  ['12.10', '0.00', '0.0000'],
])('%s times %s is exactly %s', (a, b, product) => expect(multiplyDecimals(a, b)).toBe(product));
