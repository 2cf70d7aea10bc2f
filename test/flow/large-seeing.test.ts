import { request } from 'node:http';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem({ settings: { maxEventStreams: 3 } });
});
afterAll(() => system.stop());

const LONG = { timeoutMs: 30_000 };
const lines = (count: number) => Array.from({ length: count }, () => `${JSON.stringify(execution())}\n`);
const status = (id: string, method = 'GET') => send(system.url, method, `/api/v1/batches/${id}`);
const steer = (id: string, command: string, body?: unknown) => send(system.url, 'POST', `/api/v1/batches/${id}/${command}`, body);

/** A large batch whose upload goes on until it is ended. */
async function openUpload(key: string, options: string, first: string) {
  const req = request(`${system.url}/api/v1/batches/executions${options}`, { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson', 'Idempotency-Key': key, 'Transfer-Encoding': 'chunked' } });
  const done = new Promise<number>((resolve, reject) => req.on('error', reject).on('response', (res) => res.resume().on('end', () => resolve(res.statusCode ?? 0))));
  done.catch(() => undefined); // a test may break it off
  req.write(first);
  const id = await waitFor(async () => ((await send(system.url, 'GET', `/api/v1/batches?key=${key}`)).body.content as { batchId: string }[])[0]?.batchId, { ...LONG, what: 'the batch in the list' });
  return { id, req, done };
}

interface Told {
  type: string;
  id: string;
  data: Record<string, unknown>;
}

/** Listens until it is closed; answers what was told so far. */
function listen(id: string, headers: Record<string, string> = {}) {
  const told: Told[] = [];
  let ended = false;
  let head: { status: number; headers: Record<string, unknown> } | undefined;
  const req = request(`${system.url}/api/v1/batches/${id}/events`, { headers: { 'Accept-Encoding': 'gzip', ...headers } });
  req.on('error', () => (ended = true)).on('response', (res) => {
    head = { status: res.statusCode ?? 0, headers: res.headers };
    let text = '';
    res.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const pieces = text.split('\n\n');
      text = pieces.pop() ?? '';
      for (const piece of pieces) {
        const fields = Object.fromEntries(piece.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
        if (fields.event !== undefined) told.push({ type: fields.event, id: fields.id ?? '', data: JSON.parse(fields.data ?? '{}') as Told['data'] });
      }
    }).on('close', () => (ended = true));
  });
  req.end();
  return { told, head: () => head, ended: () => ended, close: () => req.destroy(), of: (type: string) => told.filter((t) => t.type === type) };
}

test('an open batch tells what the ledger has of it, how far it is and when it will be done, and the law holds at any moment', async () => {
  const body = lines(6_000);
  const text = body.join('');
  const req = request(`${system.url}/api/v1/batches/executions?tags=night,eu&parallelism=2&checkpointInterval=500&priority=low`, { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson', 'Idempotency-Key': 'seen', 'Content-Length': Buffer.byteLength(text) } });
  const done = new Promise((resolve, reject) => req.on('error', reject).on('response', (res) => res.resume().on('end', resolve)));
  req.write(body.slice(0, 3_000).join(''));
  const id = await waitFor(async () => ((await send(system.url, 'GET', '/api/v1/batches?tag=eu')).body.content as { batchId: string }[])[0]?.batchId, { ...LONG, what: 'the batch in the list' });
  const open = await waitFor(async () => {
    const now = (await status(id)).body;
    // At each look, not only at the last one.
    expect(now).toMatchObject({ law: { items: { holds: true } } });
    return (now.progress as { items: number }).items >= 2_500 && now;
  }, { ...LONG, what: 'half of it' });
  expect(open).toMatchObject({
    state: 'RECEIVING', kind: 'execution', priority: 'low', parallelism: 2, tags: ['night', 'eu'], format: 'ndjson', parent: null, rejected: 0,
    options: { parallelism: 2, checkpointInterval: 500, errorPolicy: 'continue', maxRetryAttempts: 3 },
    progress: { total: null, share: expect.closeTo(0.46, 1) as number }, errors: { ITEM_ERROR: 0 }, executionResults: { batchCompleted: false, successRate: 1 },
  });
  expect(open.accepted).toBeGreaterThanOrEqual(2_500);
  expect(open.rate).toBeGreaterThan(0);
  const { earliest, latest } = open.predictedFinishBounds as { earliest: string; latest: string | null };
  expect(earliest <= (open.predictedFinish as string)).toBe(true);
  expect(latest === null || latest >= (open.predictedFinish as string)).toBe(true);
  const head = await status(id, 'HEAD');
  expect([head.status, head.text, head.headers.get('upload-complete')]).toEqual([200, '', '?0']);
  expect(Number(head.headers.get('upload-offset'))).toBeGreaterThan(0);

  req.end(body.slice(3_000).join(''));
  await done;
  const closed = await status(id);
  expect(closed.body).toMatchObject({
    state: 'COMPLETED', accepted: 6_000, progress: { items: 6_000, bytes: Buffer.byteLength(text), total: 6_000, share: 1 }, predictedFinish: null,
    executionResults: { batchCompleted: true, itemsProcessed: 6_000, itemsSuccessful: 6_000, itemsFailed: 0, successRate: 1 }, executionMetadata: { parallelismAchieved: expect.any(Number) as number, averageItemTime: expect.any(Number) as number },
  });
  expect([closed.headers.get('upload-offset'), closed.headers.get('upload-complete')]).toEqual([String(Buffer.byteLength(text)), '?1']);
  expect((closed.body.executionMetadata as { checkpointsCreated: number }).checkpointsCreated).toBeGreaterThan(3);
});

test('the list is newest first, by state, kind, tag and time, page by page', async () => {
  const ids: string[] = [];
  for (const tag of ['a', 'b', 'b']) ids.unshift((await send(system.url, 'POST', `/api/v1/batches/executions?tags=${tag},listed`, lines(1).join(''), { 'Content-Type': 'application/x-ndjson' })).body.batchId ?? '');
  const list = async (q: string) => (await send(system.url, 'GET', `/api/v1/batches?${q}`)).body as { content: { batchId: string }[]; next: string | null };
  const found = async (q: string) => (await list(q)).content.map((b) => b.batchId);
  expect(await found('tag=listed&state=COMPLETED&kind=execution&since=2026-01-01')).toEqual(ids);
  expect(await found('tag=a,none')).toEqual([ids[2]]);
  expect(await found('tag=listed&state=FAILED,PAUSED')).toEqual([]);
  const page = await list('tag=listed&limit=2');
  expect(page).toMatchObject({ content: [{ batchId: ids[0], state: 'COMPLETED', progress: { items: 1, share: 1 }, written: 1 }, { batchId: ids[1] }], next: ids[1] });
  expect(await list(`tag=listed&limit=2&cursor=${page.next ?? ''}`)).toMatchObject({ content: [{ batchId: ids[2] }], next: null });
  expect(await send(system.url, 'GET', '/api/v1/batches?state=DONE&kind=what&cursor=x&since=never&limit=0')).toMatchObject({ status: 400, body: { errors: [{ pointer: '?state' }, { pointer: '?kind' }, { pointer: '?since' }, { pointer: '?limit' }, { pointer: '?cursor' }] } });
  expect((await send(system.url, 'POST', '/api/v1/batches')).status).toBe(405);
});

test('priority and parallelism change while it runs, the upload follows; a forbidden change says what is allowed', async () => {
  const upload = await openUpload('tuned', '?parallelism=1', lines(500).join(''));
  expect(await steer(upload.id, 'parallelism', { parallelism: 7 })).toMatchObject({ status: 200, body: { state: 'RECEIVING', priority: 'normal', parallelism: 7 } });
  expect(await steer(upload.id, 'priority', { priority: 'high' })).toMatchObject({ status: 200, body: { priority: 'high', parallelism: 7 } });
  expect((await status(upload.id)).body).toMatchObject({ priority: 'high', parallelism: 7 });
  const bad = [['priority', { priority: 'urgent' }], ['priority', { parallelism: 3 }], ['parallelism', { parallelism: 0 }], ['parallelism', { parallelism: 1e9 }], ['parallelism', '[1]'], ['parallelism', ''], ['priority', { priority: 'low', more: 1 }]] as const;
  for (const [path, body] of bad) expect(await steer(upload.id, path, body)).toMatchObject({ status: 400, body: { code: 'invalid-body' } });
  expect(await steer(upload.id, 'retry')).toMatchObject({ status: 409, body: { code: 'not-now', allowed: ['pause', 'cancel'] } });
  upload.req.end();
  expect(await upload.done).toBe(202);
  expect(await steer(upload.id, 'parallelism', { parallelism: 2 })).toMatchObject({ status: 409, body: { code: 'not-now', state: 'COMPLETED', allowed: [] } });
  expect(await steer(upload.id, 'retry')).toMatchObject({ status: 409, body: { code: 'nothing-failed' } });
  expect(await steer('01930000-0000-7000-8000-0000000000ff', 'priority', { priority: 'low' })).toMatchObject({ status: 404 });
  expect(await steer('what', 'retry')).toMatchObject({ status: 400, body: { code: 'invalid-id' } });
});

test('failed items tell line, pointer and reason, as NDJSON and CSV; a retry names them where they are not kept; mended they can be sent again', async () => {
  const body = lines(1_200);
  body[3] = '{"broken\n';
  body[700] = body[700]?.replace('"quantity"', '"quantit,y"') ?? '';
  const { batchId = '' } = (await send(system.url, 'POST', '/api/v1/batches/executions', body.join(''), { 'Content-Type': 'application/x-ndjson' })).body;
  const failed = (await send(system.url, 'GET', `/api/v1/batches/${batchId}/items?status=FAILED`)).text.trim().split('\n').map((line) => JSON.parse(line) as { index: number; line: number });
  expect(failed).toMatchObject([{ index: 3, line: 4, errors: [{ code: 'invalid-json' }] }, { index: 700, line: 701, errors: expect.arrayContaining([expect.objectContaining({ pointer: '/quantity' })]) as unknown }]);
  const csv = await send(system.url, 'GET', `/api/v1/batches/${batchId}/items?status=FAILED&format=csv`);
  expect(csv.headers.get('content-type')).toContain('text/csv');
  expect(csv.text).toMatch(/^index,line,status,id,code,pointer,message,withdrawn,kind,acceptedAt,writtenAt\r\n3,4,FAILED,,invalid-json,,/);
  expect(csv.text).toContain('"/quantit,y"');
  expect((await send(system.url, 'GET', `/api/v1/batches/${batchId}/items`, undefined, { Accept: 'text/csv' })).text.trim().split('\r\n').length).toBeGreaterThan(1_200);
  expect(await send(system.url, 'GET', `/api/v1/batches/${batchId}/items?format=xml`)).toMatchObject({ status: 400, body: { code: 'invalid-query' } });
  expect((await status(batchId)).body).toMatchObject({ errors: { ITEM_ERROR: 2 }, executionResults: { itemsFailed: 2 } });

  const retry = await steer(batchId, 'retry');
  expect(retry).toMatchObject({ status: 409, body: { code: 'items-not-kept', failed: 2 } });
  expect(retry.body.detail).toContain(`/api/v1/batches/${batchId}/items?status=FAILED`);
  const again = await send(system.url, 'POST', '/api/v1/batches/executions', failed.map(() => lines(1)[0] ?? '').join(''), { 'Content-Type': 'application/x-ndjson' });
  expect(again.body).toMatchObject({ state: 'COMPLETED', accepted: 2, rejected: 0 });
});

test('a batch that failed says what for, in the words of the interface', async () => {
  const body = lines(600);
  body[100] = '{"executionStatus":"WHAT"}\n';
  const { batchId = '' } = (await send(system.url, 'POST', '/api/v1/batches/executions?errorPolicy=stop', body.join(''), { 'Content-Type': 'application/x-ndjson' })).body;
  expect((await status(batchId)).body).toMatchObject({ state: 'FAILED', status: 'ERROR', errorCode: 'error-policy', errorMessage: expect.any(String) as string, details: { dataErrors: 1, systemErrors: 0, resourceErrors: 0, timeoutErrors: 0 } });
  expect((await status(batchId)).headers.get('upload-complete')).toBe('?0');
});

test('events tell checkpoints, progress and state; who comes back is told what is new; the stream ends with the batch, and with 204 there is nothing more', async () => {
  const upload = await openUpload('told', '?checkpointInterval=500', lines(1_000).join(''));
  const first = listen(upload.id);
  await waitFor(() => first.of('checkpoint').length > 0 && first.of('state').length > 0 && first.of('progress').length > 0, { ...LONG, what: 'events of each kind' });
  expect(first.head()).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' } });
  expect(first.head()?.headers).not.toHaveProperty('content-encoding');
  expect(first.of('state')[0]?.data).toMatchObject({ batchId: upload.id, state: 'RECEIVING' });
  const last = first.told.at(-1)?.id ?? '';
  first.close();

  await steer(upload.id, 'pause');
  const second = listen(upload.id, { 'Last-Event-ID': last });
  await waitFor(() => second.of('state').some((t) => t.data.state === 'PAUSED'), { ...LONG, what: 'the pause' });
  const heardBefore = Number(last.split('-')[0]);
  expect(second.of('checkpoint').every((t) => Number(t.data.no) > heardBefore)).toBe(true);
  await steer(upload.id, 'resume');
  upload.req.end(lines(1_000).join(''));
  expect(await upload.done).toBe(202);
  await waitFor(() => second.ended(), { ...LONG, what: 'the end of the stream' });
  expect(second.told.at(-1)).toMatchObject({ type: 'state', data: { state: 'COMPLETED' } });
  expect(second.of('checkpoint').at(-1)?.data).toMatchObject({ items: 2_000 });

  const over = await send(system.url, 'GET', `/api/v1/batches/${upload.id}/events`, undefined, { 'Last-Event-ID': second.told.at(-1)?.id ?? '' });
  expect([over.status, over.text]).toEqual([204, '']);
  expect(await send(system.url, 'GET', `/api/v1/batches/${upload.id}/events`, undefined, { 'Last-Event-ID': 'x' })).toMatchObject({ status: 400, body: { code: 'invalid-event-id' } });
  expect(await send(system.url, 'GET', '/api/v1/batches/01930000-0000-7000-8000-0000000000ff/events')).toMatchObject({ status: 404 });
  expect((await send(system.url, 'HEAD', `/api/v1/batches/${upload.id}/events`)).status).toBe(200);
});

test('listeners are bounded, and share one look at their batch', async () => {
  const upload = await openUpload('many', '', lines(500).join(''));
  const listeners = [1, 2, 3].map(() => listen(upload.id));
  await waitFor(() => listeners.every((l) => l.told.length > 0), { ...LONG, what: 'three listeners' });
  const refused = await send(system.url, 'GET', `/api/v1/batches/${upload.id}/events`);
  expect(refused).toMatchObject({ status: 503, body: { code: 'too-many-listeners' } });
  expect(refused.headers.get('retry-after')).toBe('5');
  for (const l of listeners) l.close();
  await waitFor(async () => (await send(system.url, 'GET', '/metrics')).text.includes('gateway_event_streams 0'), { ...LONG, what: 'their places to be free' });
  upload.req.end();
  await upload.done;
});

test('F47 an open event stream does not hold up a stopping edge; its client is told to come back elsewhere', async () => {
  const { batchId } = (await send(system.url, 'POST', '/api/v1/batches/executions?start=manual', lines(1).join(''), { 'Content-Type': 'application/x-ndjson' })).body;
  await query(system.databaseUrl, `update large_batch set state = 'PAUSED', before_pause = 'RUNNING', finished_at = null where id = $1`, [batchId]);
  const listener = listen(batchId ?? '');
  await waitFor(() => listener.told.length > 0, { ...LONG, what: 'the first event' });
  const stopped = system.edge.stop();
  await waitFor(() => listener.ended(), { ...LONG, what: 'the end of the stream' });
  await stopped;
});
