import { isDeepStrictEqual } from 'node:util';
import { parseArrayBody } from '../../../../services/gateway/body/parse-json.ts';
import { parseNdjson } from '../../../../services/gateway/body/parse-ndjson.ts';
import { ProblemError } from '../../../../shared/errors/problem.ts';
import { ExactNumber } from '../../../../shared/records/exact-number.ts';
import { BrokenLine, DUPLICATE_KEY, TOO_DEEP } from '../../../../shared/records/sentinels.ts';
import { randomJson, seeded } from './random-json.ts';

const lines = (text: string) => parseNdjson(Buffer.from(text));

test('a line is an item; LF, CRLF, blank lines, a byte order mark and a last line without an end are fine', () => {
  expect(lines('\ufeff{"a":1}\r\n\n \t\r\n{"a":2}\n\n5\nnull')).toStrictEqual([{ a: 1 }, { a: 2 }, 5, null]);
});

test('numbers stay exact, keys given twice and deep nesting show', () => {
  expect(lines(`{"a":12345678901234567}\n{"a":1,"a":1}\n${'['.repeat(33)}${']'.repeat(33)}\n{"a":1e400}`)).toStrictEqual([{ a: new ExactNumber('12345678901234567') }, { a: DUPLICATE_KEY }, TOO_DEEP, { a: new ExactNumber('1e400') }]);
});

test('a broken line is one broken item that knows its line, and its neighbours live', () => {
  const items = lines('{"a":1}\n\n{"secret":\n[1,2\n{"a":1} {"a":2}\n{"a":3}');
  expect(items).toStrictEqual([
    { a: 1 },
    new BrokenLine(3, 'it ends too early, at column 11, a value was expected.'),
    new BrokenLine(4, 'it ends too early, at column 5, "," or "]" was expected.'),
    new BrokenLine(5, 'at column 9, the end of the text was expected.'),
    { a: 3 },
  ]);
});

test('a line that is not UTF-8 is a broken item too', () => {
  const items = parseNdjson(Buffer.concat([Buffer.from('"é"\n"'), Buffer.from([0xff]), Buffer.from('"\n"ü"')]));
  expect(items).toStrictEqual(['é', new BrokenLine(2, 'it is not valid UTF-8 at its byte 1 (counted from 0).'), 'ü']);
});

test.each(['', '\n\r\n \n', '\ufeff'])('a body without a line, %j, is empty', (text) => {
  expect(() => lines(text)).toThrow(ProblemError);
  expect(() => lines(text)).toThrow(expect.objectContaining({ status: 400, code: 'empty-body' }) as Error);
});

test('the same items come out of lines as out of an array, whatever they are', () => {
  const random = seeded(3);
  for (let run = 0; run < 2_000; run++) {
    const items = Array.from({ length: 5 }, () => randomJson(random).replace(/[\r\n]/g, ' '));
    expect(isDeepStrictEqual(lines(items.join('\n')), parseArrayBody(Buffer.from(`[${items.join(',')}]`)))).toBe(true);
  }
});

test('random bytes never make it throw anything but a ProblemError', () => {
  const random = seeded(4);
  const pieces = ['{', '}', '[', ']', '"', '\\', ',', ':', '1e5', 'a', '\n', '\r', ' '].map((piece) => Buffer.from(piece)).concat(Buffer.from([0xe2]), Buffer.from([0x82]));
  for (let run = 0; run < 20_000; run++) {
    const body = Buffer.concat(Array.from({ length: Math.floor(random() * 20) }, () => pieces[Math.floor(random() * pieces.length)] as Buffer));
    try {
      for (const item of parseNdjson(body)) expect(item).toBeDefined();
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
    }
  }
});
