import { findJsonFault, placeOf } from '../../../../services/gateway/body/json-fault.ts';
import { oneOf, randomJson, seeded, upTo } from './random-json.ts';

test.each([
  ['', 0, 'a value'],
  ['[1,]', 3, 'a value'],
  ['[1 2]', 3, '"," or "]"'],
  ['{"a":1,}', 7, 'a member\'s name in double quotes'],
  ['{a:1}', 1, 'a member\'s name in double quotes'],
  ['{"a" 1}', 5, '":"'],
  ['{"a":1]', 6, '"," or "}"'],
  ['"a', 2, 'the closing quote of a string'],
  ['"\t"', 1, 'an escape such as \\n in place of a control character'],
  ['"\\x"', 1, 'a known escape behind the backslash'],
  ['[-]', 1, 'a number as JSON writes it'],
  ['[1.]', 1, 'a number as JSON writes it'],
  ['[01]', 1, 'a number as JSON writes it'],
  ['1 1', 2, 'the end of the text'],
])('%j stops being JSON at character %i, where %s was expected', (text, at, expected) => {
  expect(findJsonFault(text)).toEqual({ at, expected });
});

test('there is a fault exactly where JSON.parse finds one', () => {
  const random = seeded(12);
  let broken = 0;
  for (let run = 0; run < 20_000; run++) {
    const whole = randomJson(random);
    const at = upTo(random, whole.length + 1);
    const text = whole.slice(0, at) + oneOf(random, ['', '"', '\\', '{', '}', ']', ',', ':', '0', '-', '.', 'e', '\n', 'x']) + whole.slice(at + upTo(random, 2));
    let parses = true;
    try {
      JSON.parse(text);
    } catch {
      parses = false;
      broken++;
    }
    if (parses !== (findJsonFault(text) === undefined)) throw new Error(`JSON.parse ${parses ? 'accepts' : 'refuses'} ${JSON.stringify(text)}`);
  }
  expect(broken).toBeGreaterThan(5_000);
});

test('lines and columns count from 1, and a character beyond the basic plane is one column', () => {
  expect(placeOf('', 0)).toEqual({ line: 1, column: 1 });
  expect(placeOf('a\r\n😀é!', 6)).toEqual({ line: 2, column: 3 });
});
