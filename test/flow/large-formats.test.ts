import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem({});
});
afterAll(() => system.stop());

const PATH = '/api/v1/batches/executions';
const mark = (i: number) => `F${String(i).padStart(23, '0')}`;
const items = (count: number, from: number) => Array.from({ length: count }, (_, i) => execution({ securityId: mark(from + i) }));
const csvOf = (list: readonly Record<string, unknown>[]) => {
  const names = Object.keys(list[0] ?? {});
  return [names, ...list.map((item) => names.map((name) => String((item[name] ?? '') as string | number)))].map((row) => `${row.join(',')}\r\n`).join('');
};
const upload = (body: string | Buffer, type: string, headers: Record<string, string> = {}) => send(system.url, 'POST', PATH, body, { 'Content-Type': type, ...headers });
const stored = async (from: number, to: number) => (await query<{ n: string }>(system.databaseUrl, 'select count(*) as n from execution where security_id >= $1 and security_id < $2', [mark(from), mark(to)]))[0]?.n;
const failed = async (batchId: unknown) => (await send(system.url, 'GET', `/api/v1/batches/${String(batchId)}/items?status=FAILED`)).text.trim().split('\n').map((line) => JSON.parse(line) as object);

test.each([['ndjson', 'application/x-ndjson'], ['csv', 'text/csv'], ['json', 'application/json']])('the example as %s: the same hundred of ten thousand items fail, each for its reason', async (format, type) => {
  const example = (name: string) => readFile(new URL(`../../examples/${name}`, import.meta.url), 'utf8');
  const expected = JSON.parse(await example('expected-failures.json')) as Record<string, { pointer: string; code: string }>;
  const { body } = await upload(await example(`executions.${format}`), type);
  expect(body).toMatchObject({ state: 'COMPLETED', accepted: 10_000, rejected: 100 });
  const found = (await failed(body.batchId)) as { index: number; errors: { pointer: string; code: string }[] }[];
  expect(Object.fromEntries(found.map(({ index, errors }) => [index, errors.map(({ pointer, code }) => ({ pointer, code }))]))).toEqual(Object.fromEntries(Object.entries(expected).map(([i, fault]) => [i, [fault]])));
});

test('CSV: every good row is stored once, a bad one is one rejected item with its line', async () => {
  const rows = csvOf(items(2_000, 0)).split('\r\n');
  rows[1_201] = 'x"y,'; // the row of item 1,200
  const { status, body } = await upload(`\uFEFF${rows.join('\r\n')}`, 'text/csv; charset=utf-8');
  expect({ status, body }).toMatchObject({ status: 202, body: { state: 'COMPLETED', accepted: 2_000, rejected: 1 } });
  expect(await stored(0, 2_000)).toBe('1999');
  expect(await failed(body.batchId)).toMatchObject([{ index: 1_200, line: 1_202, errors: [{ code: 'invalid-csv', message: expect.stringContaining('Line 1202') as string }] }]);
});

test('JSON, as an array and within an object, also compressed: every good item is stored once, with its exact digits', async () => {
  const list = items(1_500, 10_000);
  const text = JSON.stringify(list).replace(/"quantity":[^,}]+/, '"quantity":1234567890.12345678');
  expect(await upload(text, 'application/json')).toMatchObject({ status: 202, body: { accepted: 1_500, rejected: 0 } });
  expect(await query(system.databaseUrl, 'select quantity from execution where security_id = $1', [mark(10_000)])).toEqual([{ quantity: '1234567890.12345678' }]);
  expect(await upload(gzipSync(JSON.stringify({ items: items(1_500, 20_000) })), 'application/json', { 'Content-Encoding': 'gzip' })).toMatchObject({ status: 202, body: { accepted: 1_500, rejected: 0 } });
  expect([await stored(10_000, 11_500), await stored(20_000, 21_500)]).toEqual(['1500', '1500']);
});

test.each([['NUL', '\\u0000'], ['half of a pair', '\\ud835'], ['a pair that is cut', `${'a'.repeat(63)}\\ud835\\udd4b`]])('F6 an item with a member whose name PostgreSQL cannot keep is rejected alone: %s', async (_, name) => {
  const [good] = items(1, 50_000);
  const body = `[{"${name}":1,"tradeType":5},${JSON.stringify(good)}]`;
  expect(await upload(body, 'application/json')).toMatchObject({ status: 202, body: { state: 'COMPLETED', accepted: 2, rejected: 1 } });
  // Answered at once, the refusal is kept as well.
  const one = await send(system.url, 'POST', '/api/v1/executions/batch', `{"executions":${body}}`, { 'Idempotency-Key': name });
  expect(one).toMatchObject({ status: 207, body: { successful: 1, failed: 1 } });
});

test.each([['CSV', 'text/csv', 30_000], ['JSON', 'application/json', 40_000]])('%s that breaks off goes on from the offset that is told, and the whole again does no work twice', async (_, type, from) => {
  const list = items(3_000, from);
  const body = type === 'text/csv' ? csvOf(list) : JSON.stringify({ executions: list });
  const req = request(`${system.url}${PATH}`, { method: 'POST', headers: { 'content-type': type, 'transfer-encoding': 'chunked', 'idempotency-key': type } });
  req.on('error', () => undefined);
  req.write(body.slice(0, Math.floor(body.length * 0.6)));
  const id = await waitFor(async () => (await query<{ id: string }>(system.databaseUrl, 'select batch_id as id from idempotency where key = $1', [type]))[0]?.id, { timeoutMs: 30_000, what: 'the batch to be opened' });
  await waitFor(async () => Number(await stored(from, from + 3_000)) >= 1_500, { timeoutMs: 30_000, what: 'the first segments' });
  req.destroy();
  const offset = await waitFor(async () => {
    const answer = await upload('', type, { 'Idempotency-Key': type, 'Upload-Offset': '1' });
    return answer.body.code === 'wrong-offset' && (answer.body.offset as { bytes: number });
  }, { timeoutMs: 30_000, what: 'the upload to be left' });
  expect(await send(system.url, 'PATCH', `/api/v1/batches/${id}`, body.slice(offset.bytes), { 'Content-Type': type, 'Upload-Offset': String(offset.bytes) })).toMatchObject({ status: 202, body: { batchId: id, state: 'COMPLETED', accepted: 3_000, rejected: 0 } });
  const again = await upload(body, type, { 'Idempotency-Key': type });
  expect(again).toMatchObject({ status: 202, body: { batchId: id, accepted: 3_000 } });
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(await stored(from, from + 3_000)).toBe('3000');
});

test.each([
  ['lines of JSON sent as JSON', 'application/json', '{"a":1}\n{"a":2}\n', 'wrong-format'], ['JSON sent as lines', 'application/x-ndjson', '[{"a":1}]\n', 'wrong-format'], ['CSV sent as lines', 'application/x-ndjson', 'destination\nNYSE\n', 'wrong-format'],
  ['JSON sent as CSV', 'text/csv', '[{"a":1}]\n', 'invalid-csv-header'], ['a header that nobody knows', 'text/csv', 'x,y\n1,2\n', 'invalid-csv-header'],
  ['an array without an end', 'application/json', '[{"a":1}', 'invalid-json'], ['no items', 'application/json', '[]', 'empty-batch'], ['a header alone', 'text/csv', 'tradeType,destination,securityId,quantity\n', 'empty-batch'],
  ['a header without a column that every item needs', 'text/csv', 'destination\nNYSE\n', 'invalid-csv-header'],
])('%s: 400 that says what is wrong', async (_, type, body, code) => {
  expect(await upload(body, type)).toMatchObject({ status: 400, body: { code } });
});
