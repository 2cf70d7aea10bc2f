import { cutSegments, type ItemReader } from '../../../../../services/gateway/upload/read/cut-segments.ts';
import { csvReader } from '../../../../../services/gateway/upload/read/read-csv.ts';
import { jsonReader } from '../../../../../services/gateway/upload/read/read-json.ts';
import { ndjsonReader } from '../../../../../services/gateway/upload/read/read-ndjson.ts';
import type { UploadPlace } from '../../../../../services/gateway/upload/read/segment.ts';
import type { UploadSegment } from '../../../../../shared/contracts/large.ts';
import type { ItemRules } from '../../../../../shared/records/item-rules.ts';
import { BrokenLine } from '../../../../../shared/records/sentinels.ts';
import execution from '../../../../../shared/records/execution.kind.ts';

type Format = 'ndjson' | 'json' | 'csv';
const START: UploadPlace = { items: 0, bytes: 0 };
/** As executions, with destination alone needed: so that rows stay short. */
const RULES: ItemRules = Object.fromEntries(Object.entries(execution.item).map(([name, rule]) => [name, { ...rule, optional: name !== 'destination' }]));
const reader = (format: Format, from: UploadPlace, header: string[] | null): ItemReader =>
  format === 'csv' ? csvReader(from, RULES, header) : format === 'json' ? jsonReader(from, ['items', 'executions']) : ndjsonReader(from);

async function* inParts(bytes: Buffer, size: () => number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + Math.max(1, size());
    yield bytes.subarray(at, end);
    at = end;
  }
}

/** All segments, the totals, or the code of the fault that ended it. */
async function cut(format: Format, text: string | Buffer, { size = () => 65_536, from = START, header = null }: { size?: () => number; from?: UploadPlace; header?: string[] | null } = {}): Promise<{ segments: UploadSegment[]; total?: UploadPlace; code?: string; detail?: string }> {
  const segments: UploadSegment[] = [];
  const all = cutSegments(inParts(Buffer.from(text), size), from, reader(format, from, header));
  try {
    for (;;) {
      const { value, done } = await all.next();
      if (done === true) return { segments, total: value };
      segments.push(value);
    }
  } catch (error) {
    return { segments, ...(error as { data: { code: string; detail?: string } }).data };
  }
}
const itemsOf = async (format: Format, text: string | Buffer) => (await cut(format, text)).segments.flatMap((s) => s.items);

const wide = 'ü'.repeat(10);
const object = (i: number) => ({ destination: i % 3 === 0 ? `a"b,\\ ${wide}` : 'NYSE', quantity: String(i), note: { deep: [1, '}]', '"'] } });
const UPLOADS: Record<Format, { text: string; items: number }> = {
  ndjson: { text: `\uFEFF${Array.from({ length: 1_300 }, (_, i) => (i % 97 === 0 ? '\r\n' : '') + (i % 50 === 7 ? '{"broken' : JSON.stringify(object(i))) + (i % 2 ? '\r\n' : '\n')).join('')}{"last":1}`, items: 1_301 },
  json: { text: `\uFEFF {"executions" : [ ${Array.from({ length: 1_300 }, (_, i) => (i % 50 === 7 ? '{"a" 1, "b":[]}' : i % 50 === 8 ? '17' : JSON.stringify(object(i), null, i % 2))).join(' ,\n')} ] } \n`, items: 1_300 },
  csv: { text: `\uFEFFdestination,quantity,"tradeType"\r\n${Array.from({ length: 1_300 }, (_, i) => (i % 97 === 0 ? '\r\n' : '') + (i % 3 === 0 ? `"a ""b"", ${wide}\r\nsecond line",${i},BUY` : i % 50 === 7 ? `x"y,1` : `NYSE,${i},`) + (i % 2 ? '\r\n' : '\n')).join('')}"LAST",1,SELL`, items: 1_301 },
};
const FORMATS = Object.keys(UPLOADS) as Format[];

describe.each(FORMATS)('%s', (format) => {
  const { text, items } = UPLOADS[format];

  test('the same bytes are cut alike however they come: by one byte, by any sizes, at once', async () => {
    const whole = await cut(format, text);
    expect(whole.total).toEqual({ items, bytes: Buffer.byteLength(text) });
    expect(whole.segments).toHaveLength(3);
    let seed = 7;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) % 3_000;
    for (const size of [() => 1, () => 7, random, random]) expect(await cut(format, text, { size })).toEqual(whole);
  });

  test('it goes on from the end of any segment with the same rest', async () => {
    const { segments, total } = await cut(format, text);
    const header = segments[0]?.csvHeader ?? null;
    for (const [no, { firstIndex, items: some, endBytes }] of segments.entries()) {
      const rest = await cut(format, Buffer.from(text).subarray(endBytes), { from: { items: firstIndex + some.length, bytes: endBytes }, header });
      expect(rest).toMatchObject({ total });
      const withoutLines = (list: UploadSegment[]) => JSON.stringify(list.map(({ items: all, ...s }) => ({ ...s, items: all.map((item) => (item instanceof BrokenLine ? 'broken' : item)) })));
      expect(withoutLines(rest.segments)).toBe(withoutLines(segments.slice(no + 1)));
    }
  });

  test('an item that goes on for more than a megabyte is refused at its byte', async () => {
    const begun = { ndjson: '{"a":1}\n{"a":"', json: '[{"a":1},{"a":"', csv: 'destination\nNYSE\n"' }[format];
    expect(await cut(format, begun + 'x'.repeat(1_100_000))).toMatchObject({ code: 'item-too-long', segments: [] });
  });
});

test('CSV: cells become members, whole numbers numbers, all else text; empty cells are absent; quotes, commas and lines in quotes', async () => {
  expect(await itemsOf('csv', 'destination,quantity,tradeServiceExecutionId\n"A, ""B""\nC",1.50,17\n NYSE , ,\n')).toEqual([{ destination: 'A, "B"\nC', quantity: '1.50', tradeServiceExecutionId: 17 }, { destination: 'NYSE' }]);
});

test('CSV: a bad row is one broken item with its line, and the next ones live', async () => {
  expect(await itemsOf('csv', 'destination,quantity\n"two\nlines",1\nx"y,2\nthree,cells,here\n"a"b,4\nNYSE,5\n')).toEqual([
    { destination: 'two\nlines', quantity: '1' },
    expect.objectContaining({ line: 4, code: 'invalid-csv' }),
    expect.objectContaining({ line: 5, message: expect.stringContaining('3 cells') as string }),
    expect.objectContaining({ line: 6, code: 'invalid-csv' }),
    { destination: 'NYSE', quantity: '5' },
  ]);
});

test('CSV: a cell in a column that is not known is a member of its item, where the check finds it', async () => {
  expect(await itemsOf('csv', 'destination,symbol,__proto__\nNYSE,,\nNYSE,IBM,x\n')).toEqual([{ destination: 'NYSE' }, Object.fromEntries([['destination', 'NYSE'], ['symbol', 'IBM'], ['__proto__', 'x']])]);
});

test.each([
  ['no known column', '{"a":1}\n', 'No column'], ['a column without a name', 'destination,,quantity\n', 'Column 2'], ['a column twice', 'quantity,destination,quantity\n', 'Column 3'],
  ['a needed column left out', 'quantity,tradeType\n1,BUY\n', 'lacks destination, which every item needs'], ['it left out in the only line', 'quantity', 'lacks destination'],
])('CSV with %s is refused at once', async (_, text, says) => {
  expect(await cut('csv', text)).toMatchObject({ code: 'invalid-csv-header', detail: expect.stringContaining(says) as string });
});

test('CSV that ends within quotes says where they began', async () => {
  expect(await cut('csv', 'destination\nNYSE\n"never closed\n')).toMatchObject({ code: 'invalid-csv', detail: expect.stringContaining('line 3') as string });
});

test('JSON: exact numbers, scalars and nested items keep their places; one that is no JSON is one broken item', async () => {
  const [first, ...rest] = await itemsOf('json', '[{"a":12345678901234567890.5},"]",[1,[2]],{"b" 1},null, 7]');
  expect(JSON.stringify(first)).toContain('12345678901234567890.5');
  expect(rest).toEqual([']', [1, [2]], expect.any(BrokenLine), null, 7]);
});

test.each([
  ['an array that is not closed', '[{"a":1},', 'byte 9'], ['a comma too many', '[{"a":1},]', 'byte 9'], ['no comma', '[{"a":1} {"a":2}]', 'byte 9'], ['something behind it', '[1] x', 'byte 4'],
  ['an item that is not closed', '[{"a":1}, {"b":', 'byte 15'], ['an envelope that is not closed', '{"items":[1]', 'byte 12'], ['a second member', '{"items":[1],"more":1}', 'byte 12'],
])('JSON with %s names the byte', async (_, text, says) => {
  for (const size of [() => 1, () => 100]) expect(await cut('json', text, { size })).toMatchObject({ code: 'invalid-json', detail: expect.stringContaining(`At ${says} `) as string });
});

test('CSV: a quote that is never closed costs its line, not the good rows behind it', async () => {
  const text = 'destination,quantity\nA,1\n"B,2\nC,3\nD,4\n"E",5\n"F\nF",6\n"G" x,7\nH "h" ","\nI,8\n';
  const { segments } = await cut('csv', text);
  expect(segments.flatMap((s) => s.items)).toEqual([
    { destination: 'A', quantity: '1' },
    expect.objectContaining({ line: 3, code: 'invalid-csv' }),
    { destination: 'C', quantity: '3' },
    { destination: 'D', quantity: '4' },
    { destination: 'E', quantity: '5' },
    { destination: 'F\nF', quantity: '6' },
    expect.objectContaining({ line: 9, code: 'invalid-csv' }),
    expect.objectContaining({ line: 10, code: 'invalid-csv' }),
    { destination: 'I', quantity: '8' },
  ]);
  expect(await cut('csv', text, { size: () => 1 })).toEqual(await cut('csv', text));
});

test.each(FORMATS)('%s: whether an item is too long does not depend on how its bytes come', async (format) => {
  const frame = { ndjson: ['{"a":1}\n{"a":"', '"}\n'], json: ['[{"a":1},{"a":"', '"}]'], csv: ['destination\nNYSE\n"', '"\n'] }[format];
  // CSV: the bound holds also while it is not known yet whether the row is one line or many.
  const tooLong = frame.join('x'.repeat(1_060_000));
  for (const size of [() => 65_536, () => 1_000_000, () => 2_000_000]) expect(await cut(format, tooLong, { size })).toMatchObject({ code: 'item-too-long', detail: expect.stringContaining('Item 1,') as string, segments: [] });
  const fits = frame.join('x'.repeat(1_040_000));
  for (const size of [() => 65_536, () => 2_000_000]) expect(await cut(format, fits, { size })).toMatchObject({ total: { items: 2 } });
});

test.each([
  ['an array', '[{"a":1},\n{"a":2}]\n'], ['a document over several lines', '\uFEFF{\n  "a": 1\n}\n'], ['an object that holds items', '{"items": [{"a":1}]}'], ['CSV', 'destination,quantity\nNYSE,1\n'], ['a long line without an end', `{"items":[${'{"a":1},'.repeat(300)}`],
])('NDJSON that is %s is refused at once', async (_, text) => {
  for (const size of [() => 1, () => 100_000]) expect(await cut('ndjson', text, { size })).toMatchObject({ code: 'wrong-format', segments: [] });
});

test.each([['lines of JSON', '{"a":1}\n{"a":2}\n'], ['another member', '{"rows":[1]}'], ['a number', '17'], ['text', 'tradeType,destination\n']])('JSON that is %s is refused at once', async (_, text) => {
  for (const size of [() => 1, () => 100]) expect(await cut('json', text, { size })).toMatchObject({ code: 'wrong-format', segments: [] });
});

test.each(FORMATS)('%s: nothing at all has no items', async (format) => {
  expect(await cut(format, format === 'csv' ? 'destination\n' : format === 'json' ? ' [ ] ' : '\n\n')).toMatchObject({ segments: [], total: { items: 0 } });
});
