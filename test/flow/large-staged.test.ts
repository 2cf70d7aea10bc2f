import { request } from 'node:http';
import pg from 'pg';
import { CARRIED_CHECKPOINT } from '../../shared/db/queries/carried-checkpoints.ts';
import { execution } from '../helpers/executions.ts';
import { startFleet } from '../helpers/fleet.ts';
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
const STAGED = '/api/v1/batches/executions?start=manual';
const LONG = { timeoutMs: 60_000 };
const lines = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `${JSON.stringify(execution({ securityId: `L${String(from + i).padStart(23, '0')}` }))}\n`);
const post = (body: string, headers: Record<string, string> = {}, path = STAGED, url = system.url) => send(url, 'POST', path, body, { ...NDJSON, ...headers });
const command = (id: string, name: string, url = system.url) => send(url, 'POST', `/api/v1/batches/${id}/${name}`);
const sql = <Row = Record<string, unknown>>(text: string, values: unknown[] = [], url = system.databaseUrl) => query<Row>(url, text, values);
const number = async (text: string, values: unknown[] = [], url = system.databaseUrl) => Number((await sql<{ n: string }>(text, values, url))[0]?.n);
const covered = (id: string, url?: string) => number(`select coalesce(sum(span), 0) as n from ledger where batch_id = $1 and op = 'insert'`, [id], url);
const staged = (id: string, url?: string) => number('select coalesce(sum(span), 0) as n from chunk where batch_id = $1', [id], url);
const stored = (id: string, url?: string) => number(`select count(*) as n from execution e where exists (select from ledger l where l.batch_id = $1 and l.op = 'insert' and l.written > 0 and e.id >= l.first_id and e.id < l.first_id + l.span)`, [id], url);
const stateOf = async (id: string, url?: string) => (await sql<{ state: string }>('select state from large_batch where id = $1', [id], url))[0]?.state;
const comesTo = (id: string, state: string, url?: string) => waitFor(async () => (await stateOf(id, url)) === state, { ...LONG, what: `the batch to be ${state}` });
const status = async (id: string, url = system.url) => (await send(url, 'GET', `/api/v1/batches/${id}`)).body;
const lawHolds = async (url = system.url) => (await send(url, 'GET', '/api/v1/verify')).body.holds;

/** Stages items and answers the batch's id. */
async function stage(count: number, from: number, options = '', url = system.url): Promise<string> {
  const answer = await post(lines(count, from).join(''), {}, `${STAGED}${options}`, url);
  expect(answer).toMatchObject({ status: 202, body: { state: 'READY', accepted: count } });
  return answer.body.batchId as string;
}

/** Keeps one chunk of a batch from being taken until it is let go: as long as it is held the batch is not done. */
async function holdBack(id: string, firstIndex: number, url?: string): Promise<() => Promise<unknown>> {
  await sql(`update chunk set lease_until = now() + interval '55 s' where batch_id = $1 and first_index = $2`, [id, firstIndex], url);
  return () => sql(`update chunk set lease_until = null where batch_id = $1 and first_index = $2 and lease_owner is null`, [id, firstIndex], url);
}

test('start=manual: all of it is kept and nothing written until it is started; then every good item is written once', async () => {
  const body = lines(3_000);
  body[1_700] = '{"broken\n';
  const { status: code, body: answer } = await post(body.join(''), { 'idempotency-key': 'whole' });
  expect({ code, answer }).toMatchObject({ code: 202, answer: { state: 'READY', accepted: 3_000, rejected: 1 } });
  const id = answer.batchId as string;
  expect([await covered(id), await staged(id)]).toEqual([0, 3_000]);
  expect(await status(id)).toMatchObject({ accepted: 3_000, written: 0, rejected: 0, pending: 3_000, law: { items: { holds: true } } });
  expect(await lawHolds()).toBe(true);
  expect(await command(id, 'pause')).toMatchObject({ status: 409, body: { code: 'not-now', allowed: ['start', 'cancel'] } });
  // The same upload again is compared with what is kept, and another one is told from it.
  expect(await post(body.join(''), { 'idempotency-key': 'whole' })).toMatchObject({ status: 202, body: { batchId: id, state: 'READY', accepted: 3_000 } });
  expect(await post(lines(3_000, 50_000).join(''), { 'idempotency-key': 'whole' })).toMatchObject({ status: 422 });

  expect(await command(id, 'start')).toMatchObject({ status: 200, body: { state: 'RUNNING' } });
  await comesTo(id, 'COMPLETED');
  expect([await stored(id), await covered(id), await staged(id)]).toEqual([2_999, 3_000, 0]);
  expect(await status(id)).toMatchObject({ accepted: 3_000, written: 2_999, rejected: 1, pending: 0, withdrawn: 0, law: { items: { holds: true } } });
  const failed = (await send(system.url, 'GET', `/api/v1/batches/${id}/items?status=FAILED`)).text.trim().split('\n').map((l) => JSON.parse(l) as object);
  expect(failed).toMatchObject([{ index: 1_700, errors: [{ code: 'invalid-json' }] }]);

  const again = await post(body.join(''), { 'idempotency-key': 'whole' });
  expect(again).toMatchObject({ status: 202, body: { batchId: id, state: 'COMPLETED', accepted: 3_000 } });
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(await stored(id)).toBe(2_999);
  expect(await lawHolds()).toBe(true);
});

test('a staged upload that breaks off goes on from its offset, and nothing is staged twice', async () => {
  const body = lines(4_000, 10_000).join('');
  const req = request(`${system.url}${STAGED}`, { method: 'POST', headers: { ...NDJSON, 'transfer-encoding': 'chunked', 'idempotency-key': 'broken' } });
  req.on('error', () => undefined);
  req.write(body.slice(0, Math.floor(body.length / 2)));
  const id = await waitFor(async () => (await sql<{ id: string }>(`select batch_id as id from idempotency where key = 'broken'`))[0]?.id, { ...LONG, what: 'the batch to be opened' });
  await waitFor(async () => (await staged(id)) >= 1_500, { ...LONG, what: 'the first chunks' });
  expect(await status(id)).toMatchObject({ law: { items: { holds: true } } });
  req.destroy();
  const offset = await waitFor(async () => {
    const { status: code, body: wrong } = await post('', { 'idempotency-key': 'broken', 'upload-offset': '1' });
    return code === 409 && wrong.code === 'wrong-offset' && (wrong.offset as { bytes: number });
  }, { ...LONG, what: 'the upload to be left' });
  expect(await post(body.slice(offset.bytes), { 'idempotency-key': 'broken', 'upload-offset': String(offset.bytes) })).toMatchObject({ status: 202, body: { batchId: id, state: 'READY', accepted: 4_000, rejected: 0 } });
  expect(await staged(id)).toBe(4_000);
  await command(id, 'start');
  await comesTo(id, 'COMPLETED');
  expect(await stored(id)).toBe(4_000);
});

test('a paused batch carries out nothing more until it is resumed, and loses nothing', async () => {
  const id = await stage(3_000, 20_000, '&parallelism=1');
  const letGo = await holdBack(id, 2_500);
  await command(id, 'start');
  await waitFor(async () => (await staged(id)) === 500, { ...LONG, what: 'all but the chunk held back' });
  expect(await command(id, 'pause')).toMatchObject({ status: 200, body: { state: 'PAUSED' } });
  await letGo();
  // Another batch is carried out whole meanwhile: the carriers have looked, and left the paused one alone.
  const other = await stage(500, 25_000);
  await command(other, 'start');
  await comesTo(other, 'COMPLETED');
  expect([await covered(id), await stateOf(id)]).toEqual([2_500, 'PAUSED']);
  expect(await command(id, 'resume')).toMatchObject({ status: 200, body: { state: 'RUNNING' } });
  await comesTo(id, 'COMPLETED');
  expect(await stored(id)).toBe(3_000);
});

test('F67 cancelled in the middle: what was written stands, the rest is withdrawn, and nothing appears later', async () => {
  const id = await stage(3_000, 30_000);
  const letGo = await holdBack(id, 1_000);
  await command(id, 'start');
  await waitFor(async () => (await covered(id)) >= 1_000, { ...LONG, what: 'some chunks' });
  expect(await command(id, 'cancel')).toMatchObject({ status: 200, body: { state: 'CANCELLED' } });
  const before = await covered(id);
  expect(before).toBeLessThanOrEqual(2_500);
  await letGo();
  const other = await stage(500, 35_000);
  await command(other, 'start');
  await comesTo(other, 'COMPLETED');
  await waitFor(async () => (await staged(id)) === 0, { ...LONG, what: 'the rest to be deleted' });
  expect(await covered(id)).toBe(before);
  expect(await status(id)).toMatchObject({ accepted: 3_000, written: before, withdrawn: 3_000 - before, pending: 0, law: { items: { holds: true } } });
  expect(await lawHolds()).toBe(true);
});

test('a chunk that cannot be read ends as refused items, and the rest of its batch is written', async () => {
  const id = await stage(1_500, 40_000);
  await sql(`update chunk set body = '{"total":500}', attempts = 12 where batch_id = $1 and first_index = 500`, [id]);
  await command(id, 'start');
  await comesTo(id, 'COMPLETED');
  expect(await stored(id)).toBe(1_000);
  const failed = (await send(system.url, 'GET', `/api/v1/batches/${id}/items?status=FAILED`)).text.trim().split('\n').map((l) => JSON.parse(l) as object);
  expect(failed).toHaveLength(500);
  expect(failed[0]).toMatchObject({ index: 500, errors: [{ code: 'SYSTEM_ERROR' }] });
  expect(await status(id)).toMatchObject({ accepted: 1_500, written: 1_000, rejected: 500, law: { items: { holds: true } } });
}, 120_000);

test('errorPolicy=stop ends an upload at its first refused item; what was staged is withdrawn', async () => {
  const body = lines(2_000, 50_000);
  body[600] = '{"executionStatus":"WHAT"}\n';
  const answer = await post(body.join(''), {}, `${STAGED}&errorPolicy=stop&parallelism=1`);
  expect(answer).toMatchObject({ status: 409, body: { code: 'upload-over', state: 'FAILED' } });
  const id = answer.body.batchId as string;
  await waitFor(async () => (await staged(id)) === 0, { ...LONG, what: 'what was staged to be deleted' });
  const now = await status(id);
  expect(now).toMatchObject({ written: 0, pending: 0, law: { items: { holds: true } } });
  expect(now.withdrawn).toBe(now.accepted);
  // The list says the same: what was received to be carried out later was never written.
  const { content } = (await send(system.url, 'GET', '/api/v1/batches?state=FAILED')).body as { content: { batchId: string }[] };
  expect(content.find(({ batchId }) => batchId === id)).toMatchObject({ written: 0, rejected: 0 });
});

test('an edge that is killed with chunks in hand gives them back: the other one finishes, and nothing is written twice', async () => {
  const fleet = await startFleet({ writers: 1, relays: 0, env: { PORT: '0' } });
  const lock = new pg.Client({ connectionString: fleet.databaseUrl });
  try {
    const other = fleet.byHand('edge', 'edge-two');
    await fleet.sees('edge', 2);
    const id = await stage(6_000, 60_000, '&parallelism=4', fleet.url);
    const owners = () => fleet.sql<{ owner: string }>('select distinct lease_owner as owner from chunk where lease_owner is not null');
    // Nothing can be written while the table is held: both have chunks in hand, and keep them.
    await lock.connect();
    await lock.query('begin; lock table execution in exclusive mode');
    await command(id, 'start', fleet.url);
    await waitFor(async () => (await owners()).some(({ owner }) => owner === 'edge-two') && (await owners()).length === 2, { ...LONG, what: 'both edges to have chunks in hand' });
    other.kill('SIGKILL');
    await lock.query('commit');
    await comesTo(id, 'COMPLETED', fleet.databaseUrl);
    expect([await stored(id, fleet.databaseUrl), await covered(id, fleet.databaseUrl), await staged(id, fleet.databaseUrl)]).toEqual([6_000, 6_000, 0]);
    expect(await number('select count(*) as n from execution', [], fleet.databaseUrl)).toBe(6_000);
    expect(await lawHolds(fleet.url)).toBe(true);
  } finally {
    await lock.end();
    await fleet.stop();
  }
}, 180_000);

test('the law misses a staged chunk that is lost before it is carried out', async () => {
  const id = await stage(1_000, 80_000);
  await sql('delete from chunk where batch_id = $1 and first_index = 500', [id]);
  expect((await send(system.url, 'GET', '/api/v1/verify')).body).toMatchObject({ holds: false, breaches: [{ what: 'items-sum', where: { batchId: id }, expected: 1_000, found: 500 }] });
  expect(await status(id)).toMatchObject({ accepted: 1_000, pending: 500, law: { items: { holds: false } } });
  // And the batch is not called completed.
  await command(id, 'start');
  await comesTo(id, 'FAILED');
  expect(await sql('select error_code from large_batch where id = $1', [id])).toEqual([{ error_code: 'counts-disagree' }]);
  expect(await status(id)).toMatchObject({ accepted: 1_000, written: 500, withdrawn: 500 });
});

const checkpoints = (id: string) => sql<{ no: number; items: number; written: number; rejected: number }>('select no, items, written, rejected from checkpoint where batch_id = $1 and carried order by no', [id]);

test('while it is carried out a batch has a checkpoint at each interval, with counts, and tells of each; the last one has all of it', async () => {
  const id = await stage(6_000, 200_000, '&checkpointInterval=1000&parallelism=2');
  const [{ n: received }] = await sql<{ n: number }>('select count(*)::int as n from checkpoint where batch_id = $1', [id]) as [{ n: number }];
  await command(id, 'start');
  await comesTo(id, 'COMPLETED');
  const made = await checkpoints(id);
  expect(made.at(-1)).toMatchObject({ items: 6_000, written: 6_000, rejected: 0 });
  expect(made.length).toBeGreaterThan(1);
  for (const [i, { items, written, rejected }] of made.entries()) {
    expect(written + rejected).toBe(items);
    if (i < made.length - 1) expect(items - (made[i - 1]?.items ?? 0)).toBeGreaterThanOrEqual(1_000);
  }
  const told = await sql<{ items: number }>(`select (payload->'checkpoint'->>'items')::int as items from ledger where batch_id = $1 and event = 'CheckpointCreated' and payload->>'state' = 'RUNNING' order by version`, [id]);
  expect(told.map((t) => t.items)).toEqual(made.map((c) => c.items));
  expect(await status(id)).toMatchObject({ progress: { items: 6_000, share: 1 }, executionMetadata: { checkpointsCreated: received + made.length } });
});

test('where the interval is not reached there is a checkpoint after 10 s; its progress is what is carried out, not what was received', async () => {
  const id = await stage(3_000, 300_000, '&checkpointInterval=1000000');
  const letGo = await holdBack(id, 1_000);
  await command(id, 'start');
  await waitFor(async () => (await covered(id)) === 2_500, { ...LONG, what: 'all but what is held back' });
  const ask = () => sql(CARRIED_CHECKPOINT.text, [id, 'kafka:nowhere', 'test']);
  expect(await ask()).toEqual([]);
  expect(await status(id)).toMatchObject({ state: 'RUNNING', progress: { items: 0, total: 3_000 } });
  await sql(`update large_batch set started_at = now() - interval '11 s' where id = $1`, [id]);
  // Nothing lies between: what is done behind the chunk that is left does not count yet.
  expect(await ask()).toEqual([{ items: 1_000 }]);
  expect(await ask()).toEqual([]);
  expect(await status(id)).toMatchObject({ progress: { items: 1_000, share: 0.333333 } });
  await letGo();
  await comesTo(id, 'COMPLETED');
  expect((await checkpoints(id)).map((c) => [c.items, c.written])).toEqual([[1_000, 1_000], [3_000, 3_000]]);
});

test('a batch whose checkpoints gainsay its ledger is not called completed', async () => {
  const id = await stage(1_500, 400_000, '&checkpointInterval=1000000');
  const letGo = await holdBack(id, 500);
  await command(id, 'start');
  await waitFor(async () => (await covered(id)) === 1_000, { ...LONG, what: 'all but what is held back' });
  await sql(`insert into checkpoint (batch_id, no, items, bytes, written, rejected, carried) values ($1, 1000, 500, 1, 100, 400, true)`, [id]);
  await letGo();
  await comesTo(id, 'FAILED');
  expect(await status(id)).toMatchObject({ errorCode: 'counts-disagree', written: 1_500 });
});
