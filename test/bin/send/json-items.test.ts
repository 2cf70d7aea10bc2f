import type { Item } from '../../../bin/send/item.ts';
import { jsonItems } from '../../../bin/send/json-items.ts';
import { collect } from './collect.ts';

async function* cut(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function items(text: string, size = 1_000): Promise<Item[]> {
  return collect(jsonItems(cut(text, size), ['executions', 'items']));
}
const texts = async (text: string, size?: number) => (await items(text, size)).map((i) => i.text);

describe('jsonItems', () => {
  const tricky = ['{"a":"]},[{\\"\\\\"}', '{"b":[1,{"c":"ü€😀"}],"b":2}', '1.10000000000000000001', '-1E+400', 'null', '"text, with ]"', '[]', 'true'];

  test.each([1, 2, 3, 7, 1_000])('gives the source text of every item, in chunks of %i bytes', async (size) => {
    expect(await texts(`[${tricky.join(' ,\n')}]`, size)).toEqual(tricky);
    expect(await texts(`{"x":{"items":[9]},"y":"[","executions":[${tricky.join(',')}],"z":[8],"items":[7]}`, size)).toEqual([...tricky, '7'].slice(0, tricky.length));
  });

  test('finds the member whatever way its name is escaped', async () => {
    expect(await texts('{"it\\u0065ms":[1]}')).toEqual(['1']);
  });

  test('an empty array has no items', async () => {
    expect(await items(' [ ] \n')).toEqual([]);
  });

  test('knows index and line of every item', async () => {
    const found = await items('[\n1,\n{"a":\n2},\n\n3]', 2);
    expect(found.map((i) => [i.index, i.line])).toEqual([[0, 2], [1, 3], [2, 6]]);
  });

  test('an item that is not JSON carries its fault, and the next ones are read', async () => {
    const found = await items('[{"a":1,},NaN,{"b":2}]');
    expect(found.map((i) => i.fault?.code)).toEqual(['invalid-json', 'invalid-json', undefined]);
  });

  test.each([
    ['[1 2]', 'line 1: expected a comma or the end of the array, found "2"'],
    ['[1,\n,2]', 'line 2: expected a value, found ","'],
    ['[1,]', 'expected a value, found "]"'],
    ['[1]\n[2]', 'line 2: expected the end of the file'],
    ['{"executions" [1]}', 'expected a colon'],
    ['{"executions":[1],}', 'expected a member name'],
    ['"text"', 'expected an array, or an object'],
    ['[1,\n2', 'ends too early, in line 2'],
    ['[{"a":"b', 'ends too early'],
    [' ', 'empty'],
    ['{"quantity":1}\n{"quantity":2}', 'no array under "executions" or "items". If each line is an item of its own, say --format ndjson'],
  ])('a broken frame is told with its line: %j', async (text, message) => {
    await expect(items(text, 3)).rejects.toThrow(message);
  });
});
