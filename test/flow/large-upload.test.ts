import { request } from 'node:http';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { MOST_TEXTS } from '../../services/batcher/large/reject-texts.ts';
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

const NDJSON = { 'Content-Type': 'application/x-ndjson' };
const lines = (count: number, from = 0) => Array.from({ length: count }, (_, i) => JSON.stringify(execution({ securityId: `L${String(from + i).padStart(23, '0')}` }))).map((line) => `${line}\n`);
const post = (body: string, headers: Record<string, string> = {}, path = '/api/v1/batches/executions') => send(system.url, 'POST', path, body, { ...NDJSON, ...headers });
const stored = async (batchId: string) => Number((await query<{ n: string }>(system.databaseUrl, `select count(*) as n from execution e where exists (select from ledger l where l.batch_id = $1 and l.op = 'insert' and e.id >= l.first_id and e.id < l.first_id + l.span)`, [batchId]))[0]?.n);

/** A request whose body is written piece by piece. */
function streaming(path: string, headers: Record<string, string> = {}) {
  const req = request(`${system.url}${path}`, { method: 'POST', headers: { ...NDJSON, 'transfer-encoding': 'chunked', ...headers } });
  const answer = new Promise<{ status: number; body: Record<string, unknown> }>((resolve, reject) => {
    req.on('error', reject);
    req.on('response', (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => resolve({ status: res.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> }));
    });
  });
  return { req, answer };
}
const batchOf = async (key: string) => {
  const [row] = await waitFor(async () => {
    const rows = await query<{ id: string }>(system.databaseUrl, `select batch_id as id from idempotency i join large_batch l on l.id = i.batch_id where key = $1`, [key]);
    return rows.length > 0 && rows;
  }, { timeoutMs: 30_000, what: 'the batch to be opened' });
  return row?.id ?? '';
};
const covered = async (id: string) => Number((await query<{ n: string }>(system.databaseUrl, `select coalesce(sum(span), 0) as n from ledger where batch_id = $1 and op = 'insert'`, [id]))[0]?.n);

/** Sends the first bytes of a body, waits until `items` of them are in the ledger, and breaks the connection. */
async function breakOff(body: string, upTo: number, key: string, items: number): Promise<void> {
  const { req, answer } = streaming('/api/v1/batches/executions', { 'idempotency-key': key });
  req.write(body.slice(0, upTo));
  const id = await batchOf(key);
  await waitFor(async () => (await covered(id)) >= items, { timeoutMs: 30_000, what: 'the first segments' });
  req.destroy();
  await answer.catch(() => undefined);
}

test('a large batch is taken in whole: every good line is stored once, a bad line is one rejected item with its line number', async () => {
  const body = lines(3_000);
  body[1_700] = '{"broken\n';
  const { status, body: answer, headers } = await post(body.join(''));
  expect({ status, answer }).toMatchObject({ status: 202, answer: { state: 'COMPLETED', accepted: 3_000, rejected: 1 } });
  expect(headers.get('location')).toBe(`/api/v1/batches/${answer.batchId as string}`);
  expect(await stored(answer.batchId as string)).toBe(2_999);
  const failed = (await send(system.url, 'GET', `/api/v1/batches/${answer.batchId as string}/items?status=FAILED`)).text.trim().split('\n').map((l) => JSON.parse(l) as object);
  expect(failed).toMatchObject([{ index: 1_700, errors: [{ code: 'invalid-json', message: expect.stringContaining('Line 1701') as string }] }]);
  expect((await send(system.url, 'GET', `/api/v1/batches/${answer.batchId as string}`)).body).toMatchObject({ state: 'COMPLETED', accepted: 3_000, written: 2_999, rejected: 1, pending: 0, law: { items: { holds: true } } });
});

test('an upload that breaks off goes on from the offset that is told; a wrong offset is 409 with the right one; nothing is written twice', async () => {
  const body = lines(4_000, 10_000).join('');
  const key = 'breaks-off';
  await breakOff(body, Math.floor(body.length * 0.6), key, 1_500);
  const wrong = await waitFor(async () => {
    const answer = await post('', { 'idempotency-key': key, 'upload-offset': '1' });
    return answer.status === 409 && answer.body.code === 'wrong-offset' && answer;
  }, { timeoutMs: 30_000, what: 'the upload to be left' });
  const offset = (wrong.body.offset as { bytes: number; items: number });
  expect(offset.items).toBeGreaterThanOrEqual(1_500);
  expect(wrong.headers.get('upload-offset')).toBe(String(offset.bytes));
  const rest = await post(body.slice(offset.bytes), { 'idempotency-key': key, 'upload-offset': String(offset.bytes) });
  expect(rest).toMatchObject({ status: 202, body: { state: 'COMPLETED', accepted: 4_000, rejected: 0 } });
  expect(await stored(rest.body.batchId as string)).toBe(4_000);

  const again = await post(body, { 'idempotency-key': key });
  expect(again).toMatchObject({ status: 202, body: { batchId: rest.body.batchId, accepted: 4_000 } });
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(await stored(rest.body.batchId as string)).toBe(4_000);
  expect(await post(lines(4_000, 50_000).join(''), { 'idempotency-key': key })).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
});

test('an upload that says to go on with what is not there is 409, and leaves no batch behind', async () => {
  const count = async () => (await query<{ n: string }>(system.databaseUrl, 'select count(*) as n from large_batch'))[0]?.n;
  const before = await count();
  const answer = await post(lines(1, 90_000).join(''), { 'Idempotency-Key': 'nowhere', 'Upload-Offset': '5' });
  expect(answer).toMatchObject({ status: 409, body: { code: 'wrong-offset', offset: { bytes: 0, items: 0 } } });
  expect(answer.headers.get('upload-offset')).toBe('0');
  expect(await count()).toBe(before);
});

test('PATCH goes on by the batch\'s own address', async () => {
  const body = lines(2_000, 20_000).join('');
  await breakOff(body, Math.floor(body.length / 2), 'patched', 500);
  const [row] = await waitFor(async () => {
    const rows = await query<{ id: string; bytes: string }>(system.databaseUrl, `select b.id, c.bytes from batch b join idempotency i on i.batch_id = b.id join lateral (select bytes from checkpoint where batch_id = b.id order by no desc limit 1) c on true where i.key = 'patched' and b.lease_owner is null`);
    return rows.length > 0 && rows;
  }, { timeoutMs: 30_000, what: 'the lease to be given back' });
  const answer = await send(system.url, 'PATCH', `/api/v1/batches/${row?.id ?? ''}`, body.slice(Number(row?.bytes)), { ...NDJSON, 'upload-offset': row?.bytes ?? '' });
  expect(answer).toMatchObject({ status: 202, body: { batchId: row?.id, state: 'COMPLETED', accepted: 2_000 } });
});

test('errorPolicy=stop ends a batch at its first refused item; what was written stands', async () => {
  const body = lines(2_000, 30_000);
  body[600] = '{"executionStatus":"WHAT"}\n';
  const answer = await post(body.join(''), {}, '/api/v1/batches/executions?errorPolicy=stop&parallelism=1');
  expect(answer).toMatchObject({ status: 409, body: { code: 'upload-over', state: 'FAILED' } });
  const id = answer.body.batchId as string;
  expect(await query(system.databaseUrl, 'select state, error_code from large_batch where id = $1', [id])).toEqual([{ state: 'FAILED', error_code: 'error-policy' }]);
  expect((await send(system.url, 'GET', `/api/v1/batches/${id}`)).body).toMatchObject({ state: 'FAILED', pending: 0, law: { items: { holds: true } } });
});

test('options out of their bounds are named; a command that cannot be carried out says what can', async () => {
  expect(await post('', {}, '/api/v1/batches/executions?priority=urgent&parallelism=0&deadline=forever')).toMatchObject({ status: 400, body: { code: 'invalid-options', errors: [{ pointer: '?priority' }, { pointer: '?parallelism' }, { pointer: '?deadline' }] } });
  const { body } = await post(lines(1, 40_000).join(''));
  expect(await send(system.url, 'POST', `/api/v1/batches/${body.batchId as string}/pause`)).toMatchObject({ status: 409, body: { code: 'not-now', state: 'COMPLETED', allowed: [] } });
});

test('compressed uploads are read as they come; one that is cut off or broken says so, and what came before stands', async () => {
  const body = lines(3_000, 80_000).join('');
  const upload = (bytes: Buffer, coding: string) => send(system.url, 'POST', '/api/v1/batches/executions', bytes, { ...NDJSON, 'content-encoding': coding });
  const inFrames = Buffer.concat([zstdCompressSync(body.slice(0, 100_000)), zstdCompressSync(body.slice(100_000))]);
  for (const [coding, bytes] of [['gzip', gzipSync(body)], ['zstd', zstdCompressSync(body)], ['zstd', inFrames]] as const) expect(await upload(bytes, coding)).toMatchObject({ status: 202, body: { accepted: 3_000, rejected: 0 } });
  const packed = gzipSync(body, { level: 0 });
  const cut = await upload(packed.subarray(0, Math.floor(packed.length * 0.7)), 'gzip');
  expect(cut).toMatchObject({ status: 400, body: { code: 'invalid-content-encoding' } });
  const { items } = cut.body.offset as { items: number };
  expect(items).toBeGreaterThan(0);
  expect(await stored(cut.body.batchId as string)).toBe(items);
  expect(await upload(Buffer.from(body), 'gzip')).toMatchObject({ status: 400, body: { code: 'invalid-content-encoding' } });
  expect(await post(`${lines(600, 90_000).join('')}{"a":"${'x'.repeat(3_000_000)}"}\n`)).toMatchObject({ status: 400, body: { code: 'item-too-long', offset: { items: 500 } } });
  expect(await upload(Buffer.from(body), 'lzma')).toMatchObject({ status: 415, body: { code: 'unsupported-content-encoding' } });
});

test('of more failed items than it keeps reasons in words for, each is still counted and told, with its code and pointer', async () => {
  const { body } = await post('{}\n'.repeat(MOST_TEXTS + 1_200), { 'Idempotency-Key': 'wordy' });
  expect(body).toMatchObject({ state: 'COMPLETED', accepted: MOST_TEXTS + 1_200, rejected: MOST_TEXTS + 1_200 });
  const { text } = await send(system.url, 'GET', `/api/v1/batches/${body.batchId as string}/items?status=FAILED`);
  const errors = text.trim().split('\n').map((line) => (JSON.parse(line) as { errors: { code: string; pointer: string; message: string }[] }).errors);
  expect(errors.length).toBe(MOST_TEXTS + 1_200);
  expect(new Set(errors.map((e) => e.map(({ code, pointer }) => `${code} ${pointer}`).join())).size).toBe(1);
  expect(errors.filter(([e]) => e?.message.includes('was not kept')).length).toBe(1_200);
  expect((await send(system.url, 'GET', '/api/v1/verify')).body).toMatchObject({ holds: true });
});

test('a paused batch takes nothing in until it is resumed, and loses nothing', async () => {
  const { req, answer } = streaming('/api/v1/batches/executions', { 'idempotency-key': 'paused' });
  req.write(lines(1_000, 60_000).join(''));
  const id = await batchOf('paused');
  await waitFor(async () => (await covered(id)) >= 1_000, { timeoutMs: 30_000, what: 'the first segments' });
  expect(await send(system.url, 'POST', `/api/v1/batches/${id}/pause`)).toMatchObject({ status: 200, body: { state: 'PAUSED' } });
  // The nudge has gone round once another command of the same sort is answered and looked at.
  await waitFor(async () => (await query(system.databaseUrl, `select from large_batch where id = $1 and state = 'PAUSED'`, [id])).length === 1, { timeoutMs: 30_000, what: 'the pause' });
  req.end(lines(3_000, 61_000).join(''));
  expect(await send(system.url, 'POST', `/api/v1/batches/${id}/pause`)).toMatchObject({ status: 200, body: { state: 'PAUSED' } });
  expect(await send(system.url, 'POST', `/api/v1/batches/${id}/resume`)).toMatchObject({ status: 200, body: { state: 'RECEIVING' } });
  expect(await answer).toMatchObject({ status: 202, body: { state: 'COMPLETED', accepted: 4_000, rejected: 0 } });
  expect(await stored(id)).toBe(4_000);
});

test('F67 a cancelled batch takes nothing more, wherever it was; what it had written stands and the law holds', async () => {
  const { req, answer } = streaming('/api/v1/batches/executions', { 'idempotency-key': 'cancelled' });
  req.write(lines(2_000, 70_000).join(''));
  const id = await batchOf('cancelled');
  await waitFor(async () => (await covered(id)) >= 1_000, { timeoutMs: 30_000, what: 'the first segments' });
  expect(await send(system.url, 'POST', `/api/v1/batches/${id}/cancel`)).toMatchObject({ status: 200, body: { state: 'CANCELLED' } });
  const before = await covered(id);
  req.end(lines(4_000, 72_000).join(''));
  expect(await answer).toMatchObject({ status: 409, body: { code: 'upload-over' } });
  expect(await covered(id)).toBe(before);
  expect((await send(system.url, 'GET', `/api/v1/batches/${id}`)).body).toMatchObject({ state: 'CANCELLED', accepted: before, pending: 0, withdrawn: 0, law: { items: { holds: true } } });
  expect(await send(system.url, 'POST', `/api/v1/batches/${id}/cancel`)).toMatchObject({ status: 200, body: { state: 'CANCELLED' } });
  expect(await send(system.url, 'POST', `/api/v1/batches/${id}/resume`)).toMatchObject({ status: 409, body: { code: 'not-now' } });
});
