import { isDeepStrictEqual } from 'node:util';
import { parse as losslessParse } from 'lossless-json';
import { parseArrayBody, parseEnvelope, parseSingle } from '../../../../services/gateway/body/parse-json.ts';
import { ProblemError } from '../../../../shared/errors/problem.ts';
import { ExactNumber } from '../../../../shared/records/exact-number.ts';
import { DUPLICATE_KEY, TOO_DEEP } from '../../../../shared/records/sentinels.ts';
import { oneOf, randomJson, seeded, upTo } from './random-json.ts';

const single = (text: string) => parseSingle(Buffer.from(text));
const array = (text: string) => parseArrayBody(Buffer.from(text));
const envelope = (text: string, others?: string[]) => parseEnvelope(Buffer.from(text), { member: 'executions', ...(others && { others }) });

function refusal(work: () => unknown): ProblemError {
  try {
    work();
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}

describe('numbers', () => {
  test.each(['0', '-0', '1', '-12.5', '1E+2', '1e-2', '-0.0', '123456789012345', '0.000000000000123', '100000000000000000000', '1.50000000000000000000', '0e99999'])('%s, which a double holds, is a number', (text) => {
    expect(single(`{"quantity":${text}}`)).toStrictEqual({ quantity: Number(text) });
  });

  test.each(['12345678901234567', '0.1234567890123456', '-123456789.12345678', '9007199254740993', '1e400', '-1e400', '1e-400', '4.9e-324', '123456789012345678e2'])('%s keeps its digits', (text) => {
    expect(single(`{"quantity":${text}}`)).toStrictEqual({ quantity: new ExactNumber(text) });
  });

  test('exactness belongs to the item that needs it, and to numbers at any place in it', () => {
    expect(array('[{"a":1}, 12345678901234567 ,{"a":[{"b":1.2345678901234567}]},{"a":"12345678901234567"}]')).toStrictEqual([
      { a: 1 },
      new ExactNumber('12345678901234567'),
      { a: [{ b: new ExactNumber('1.2345678901234567') }] },
      { a: '12345678901234567' },
    ]);
  });
});

describe('keys given twice', () => {
  test('lose their value, and only theirs, whether the values differ or not', () => {
    expect(array('[{"a":1,"b":2,"a":3},{"a":1,"a":1},{"c":{"\\u0061":[],"a":[]}},{"a":1}]')).toStrictEqual([{ a: DUPLICATE_KEY, b: 2 }, { a: DUPLICATE_KEY }, { c: { a: DUPLICATE_KEY } }, { a: 1 }]);
  });

  test('colons in strings and names are no keys', () => {
    expect(single('{"a:b":"c:d","e":"\\":"}')).toStrictEqual({ 'a:b': 'c:d', e: '":' });
  });

  test('an escaped name is the name it stands for, also after a backslash was one (nodejs/node#63785)', () => {
    expect(Object.keys(single('{"h":1,"\\\\":0}') as object)).toEqual(['h', '\\']);
    expect(Object.keys(single('{"h":1,"\\u0061":2}') as object)).toEqual(['h', 'a']);
    expect(envelope('{"executions":[],"\\\\":null}').items).toEqual([]);
    expect(envelope('{"executions":[],"\\u0061":null}').items).toEqual([]);
  });

  test('the names of prototypes are names like any other', () => {
    const item = single('{"__proto__":{"polluted":12345678901234567},"constructor":1,"toString":2}') as object;
    expect(Object.keys(item)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.getPrototypeOf(item)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.getOwnPropertyDescriptor(single('{"__proto__":1,"__proto__":2}'), '__proto__')?.value).toBe(DUPLICATE_KEY);
    expect(single('{"a":[1],"a":[2]}')).toStrictEqual({ a: DUPLICATE_KEY });
  });
});

describe('nesting', () => {
  const nested = (levels: number) => `${'['.repeat(levels)}1e400${']'.repeat(levels)}`;
  test('of 32 levels is parsed exactly, one more is marked, and the neighbours live', () => {
    const items = array(`[{"a":1},${nested(32)},${nested(33)},{"a":2}]`);
    expect((items[1] as unknown[]).flat(31)).toStrictEqual([new ExactNumber('1e400')]);
    expect([items[0], items[2], items[3]]).toStrictEqual([{ a: 1 }, TOO_DEEP, { a: 2 }]);
  });

  test('of a million levels costs no stack', () => {
    expect(array(`[${nested(1_000_000)}]`)).toStrictEqual([TOO_DEEP]);
    expect(single(`${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}`)).toBe(TOO_DEEP);
    expect(refusal(() => array('['.repeat(1_000_000))).code).toBe('invalid-json');
  });
});

describe('what is not JSON', () => {
  test.each([
    ['[{"a":1},\n {"a":2,}]', 'line 2, column 9 (byte 18)'],
    ['["é😀", x]', 'line 1, column 8 (byte 11)'],
    ['{"a":1', 'too early, at line 1, column 7 (byte 6)'],
    ['{"a":NaN}', 'line 1, column 6 (byte 5)'],
    ['{"a":01}', 'line 1, column 6 (byte 5)'],
    ['[1] [2]', 'line 1, column 5 (byte 4)'],
    ['["a\u0001"]', 'line 1, column 4 (byte 3)'],
    ['\ufeff\ufeff[]', 'line 1, column 1 (byte 3)'],
  ])('%j is refused with its place, and without what it holds', (text, place) => {
    const problem = refusal(() => array(text));
    expect(problem).toMatchObject({ status: 400, code: 'invalid-json', errors: [{ pointer: '' }] });
    expect(problem.message).toContain(place);
    expect(problem.message).not.toMatch(/NaN|é|01\}/);
    expect(problem.cause).toBeUndefined();
  });

  test.each(['', ' \r\n\t', '\ufeff'])('%j is an empty body', (text) => {
    expect(refusal(() => array(text))).toMatchObject({ status: 400, code: 'empty-body' });
  });

  test.each([
    ['c328', 5],
    ['e28228', 5],
    ['eda080', 5],
    ['c0af', 5],
    ['f4908080', 5],
    ['61e282', 6],
  ])('bytes %s are no UTF-8 and are refused with their place', (hex, place) => {
    const body = Buffer.concat([Buffer.from('["é'), Buffer.from('"'), Buffer.from(hex, 'hex')]);
    const problem = refusal(() => parseArrayBody(body));
    expect(problem.code).toBe('invalid-utf8');
    expect(problem.message).toContain(`byte ${place} `);
  });

  test('a byte order mark is let through, once, and counts as bytes', () => {
    expect(array('\ufeff[1]')).toEqual([1]);
    expect(refusal(() => array('\ufeff[x]')).message).toContain('column 2 (byte 4)');
  });
});

describe('the envelope', () => {
  test('gives its items as they are, objects or not, and its other known members, exactly', () => {
    expect(envelope('{"note":null,"limit":12345678901234567,"executions":[{"a":1},null,5,"x",[1]]}', ['limit'])).toStrictEqual({
      items: [{ a: 1 }, null, 5, 'x', [1]],
      rest: { limit: new ExactNumber('12345678901234567') },
    });
  });

  test('may be empty of items, pretty, and have its member\'s name escaped', () => {
    expect(envelope(' { "\\u0065xecutions" : [ ] } ')).toStrictEqual({ items: [], rest: {} });
  });

  test.each([
    ['[]', 'missing-member', ['/executions']],
    ['null', 'missing-member', ['/executions']],
    ['{}', 'missing-member', ['/executions']],
    ['{"execution/s":[]}', 'missing-member', ['/executions', '/execution~1s']],
    ['{"executions":{}}', 'not-an-array', ['/executions']],
    ['{"executions":null}', 'not-an-array', ['/executions']],
    ['{"executions":[],"more":1}', 'unknown-member', ['/more']],
    ['{"executions":[],"__proto__":{}}', 'unknown-member', ['/__proto__']],
    ['{"executions":[{"a":1,"a":2},2],"executions":[1]}', 'duplicate-key', ['/executions']],
    ['{"executions":[1],"executions":null}', 'duplicate-key', ['/executions']],
    ['{"executions":[],"x":null,"\\u0078":null}', 'duplicate-key', ['/x']],
  ])('%s is refused as %s', (text, code, pointers) => {
    const problem = refusal(() => envelope(text));
    expect(problem).toMatchObject({ status: 400, code });
    expect(problem.errors?.map((fault) => fault.pointer)).toEqual(pointers);
  });

  test('names the known members when one is not', () => {
    expect(refusal(() => envelope('{"executions":[],"more":1}', ['limit'])).message).toContain('known are "executions", "limit"');
  });

  test('of a hundred thousand wrong members gets a short answer', () => {
    const text = `{${Array.from({ length: 100_000 }, (_, i) => `"m${i}":1`).join(',')}}`;
    expect(JSON.stringify(refusal(() => envelope(text)).toDocument()).length).toBeLessThan(5_000);
  });

  test('a body that should be an array and is none is refused', () => {
    expect(refusal(() => array('{"executions":[]}'))).toMatchObject({ status: 400, code: 'not-an-array', errors: [{ pointer: '' }] });
  });
});

describe('random documents', () => {
  test('agree with JSON.parse wherever that is exact, and with their own text wherever it is not', () => {
    const random = seeded(20_261_122);
    let exact = 0;
    let repeated = 0;
    for (let run = 0; run < 5_000; run++) {
      const text = randomJson(random);
      const ours = single(text);
      // An independent parser that keeps every number's text; it can't show a key given twice, so that is left to ours.
      const reference = losslessParse(text, undefined, { parseNumber: (token) => ({ token }), onDuplicateKey: ({ newValue }) => newValue });
      compare(ours, JSON.parse(text), reference);
    }
    expect(exact).toBeGreaterThan(200);
    expect(repeated).toBeGreaterThan(200);

    function compare(ours: unknown, bare: unknown, reference: unknown): void {
      if (ours === DUPLICATE_KEY) repeated++;
      else if (ours instanceof ExactNumber) {
        exact++;
        expect({ token: ours.text }).toEqual(reference);
        const double = Math.abs(Number(ours.text));
        const normalRange = double >= 1e-307 && double < 1e308;
        expect(significant(ours.text) > 15 || !normalRange).toBe(true);
      } else if (typeof ours === 'number') {
        if (bare !== MISREAD) expect(ours).toBe(bare);
        expect(sameDecimal(String(ours), (reference as { token: string }).token)).toBe(true);
      } else if (typeof ours === 'object' && ours !== null) {
        const keys = Object.keys(ours);
        expect(keys).toEqual(Object.keys(reference as object));
        expect(Array.isArray(ours)).toBe(Array.isArray(reference));
        const misread = bare === MISREAD || !isDeepStrictEqual(keys, Object.keys(bare as object));
        for (const key of keys) compare(own(ours, key), misread ? MISREAD : own(bare, key), own(reference, key));
      } else {
        expect(ours).toBe(reference);
        if (bare !== MISREAD) expect(ours).toBe(bare);
      }
    }
  });

  test('have a value lost where, and only where, a key is written twice', () => {
    const random = seeded(7);
    for (let run = 0; run < 5_000; run++) {
      const keys = Array.from({ length: upTo(random, 6) }, () => oneOf(random, ['a', 'b', 'c', 'd', 'e', '__proto__']));
      const item = single(`{${keys.map((key) => `"${key}":${oneOf(random, ['1', '{}', '"x"'])}`).join(',')}}`) as object;
      const lost = Object.keys(item).filter((key) => own(item, key) === DUPLICATE_KEY);
      expect(lost.sort()).toEqual([...new Set(keys.filter((key, index) => keys.indexOf(key) !== index))].sort());
    }
  });

  test('that are broken by random mutations are refused by ProblemErrors, exactly when JSON.parse or UTF-8 refuses them', () => {
    const random = seeded(99);
    let refused = 0;
    for (let run = 0; run < 10_000; run++) {
      const body = mutate(random, Buffer.from(`{"executions":[${randomJson(random)},${randomJson(random)}]}`));
      let readable = true;
      try {
        JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
      } catch {
        readable = false;
      }
      for (const parse of [parseSingle, parseArrayBody, (bytes: Buffer) => parseEnvelope(bytes, { member: 'executions' })]) {
        let code: string | undefined;
        try {
          parse(body);
        } catch (error) {
          if (!(error instanceof ProblemError)) throw error;
          code = error.code;
        }
        const unreadable = ['invalid-json', 'invalid-utf8', 'empty-body'].includes(code ?? '');
        if (unreadable === readable) throw new Error(`Run ${run}: ${code ?? 'accepted'} for ${body.toString()}`);
        if (unreadable) refused++;
      }
    }
    expect(refused).toBeGreaterThan(5_000);
  });
});

/** Stands for what JSON.parse made of an object whose keys it got wrong (nodejs/node#63785). */
const MISREAD = Symbol('misread');

function own(object: unknown, key: string): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value;
}

/** Sign, significant digits and power of ten of a decimal's text. */
function normal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const bare = digits.replace(/0+$/, '');
  return bare === '' ? '0' : `${sign}${bare}e${Number(exponent) - fraction.length + digits.length - bare.length}`;
}
function sameDecimal(a: string, b: string): boolean {
  return normal(a) === normal(b);
}
function significant(text: string): number {
  return normal(text).replace(/e.*|-/g, '').length;
}

function mutate(random: () => number, body: Buffer): Buffer {
  let mutated = body;
  for (let times = upTo(random, 3); times >= 0; times--) {
    const at = upTo(random, mutated.length);
    const piece = Buffer.from(oneOf(random, ['"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', '.', 'e', 'null', ' ', '\n', '\u0000', '€', '"executions":[]']));
    const byte = Buffer.from([upTo(random, 256)]);
    const put = oneOf(random, [piece, byte, Buffer.alloc(0)]);
    mutated = Buffer.concat([mutated.subarray(0, at), put, mutated.subarray(at + upTo(random, 3))]);
  }
  return mutated;
}
