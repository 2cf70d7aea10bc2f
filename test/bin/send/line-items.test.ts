import { csvItems } from '../../../bin/send/csv-items.ts';
import { ndjsonItems } from '../../../bin/send/ndjson-items.ts';
import { collect } from './collect.ts';

async function* cut(text: string | Buffer, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('ndjsonItems', () => {
  const read = (text: string | Buffer, size = 1_000) => collect(ndjsonItems(cut(text, size)));

  test.each([1, 2, 5, 1_000])('gives every line that is not blank, with its number, in chunks of %i bytes', async (size) => {
    const found = await read('{"a":"ü"}\r\n\n  \n{"b":2}\n3', size);
    expect(found.map((i) => [i.index, i.line, i.text.trim()])).toEqual([[0, 1, '{"a":"ü"}'], [1, 4, '{"b":2}'], [2, 5, '3']]);
  });

  test('a line that is not UTF-8 is a failed item', async () => {
    expect((await read(Buffer.from([0x22, 0xff, 0x22, 0x0a]))).map((i) => i.fault?.code)).toEqual(['characters']);
  });

  test('a line without an end is refused before it fills the memory', async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) yield Buffer.alloc(1024 * 1024, 0x61);
    }
    await expect(collect(ndjsonItems(endless()))).rejects.toThrow('Line 1 is longer than 8 MB');
  });
});

describe('csvItems', () => {
  const read = (text: string | Buffer, size = 1_000) => collect(csvItems(cut(text, size), ',', new Set(['n'])));

  test.each([1, 1_000])('keeps digits, leaves empty cells out, and quotes what is no number, in chunks of %i bytes', async (size) => {
    const found = await read('s,n\n1,0.10\nü,1E+2\n,"1,000"\n"a ""b""", 007\nx,\n', size);
    expect(found.map((i) => i.text)).toEqual(['{"s":"1","n":0.10}', '{"s":"ü","n":1E+2}', '{"n":"1,000"}', '{"s":"a \\"b\\"","n":"007"}', '{"s":"x"}']);
  });

  test('knows the line on which a row begins, though cells before it hold line breaks', async () => {
    expect((await read('s,n\n"a\nb",1\nc,2\n"d\n\n",3\ne,4\n')).map((i) => i.line)).toEqual([2, 4, 5, 8]);
  });

  test('a row with a cell too many or too few is a failed item', async () => {
    expect((await read('s,n\na,1,2\nb\nc,3\n')).map((i) => i.fault?.code)).toEqual(['columns', 'columns', undefined]);
  });

  test.each([
    ['s,s\n', 'names "s" twice'],
    ['s,,n\n', 'column 2 has no name'],
    ['', 'empty'],
    ['s,n\n"a,1\n', 'The CSV is broken'],
    [Buffer.from([0x73, 0x0a, 0xe4, 0x0a]), 'not UTF-8'],
  ])('what cannot be read is told: %j', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });
});
