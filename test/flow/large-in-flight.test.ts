import { request } from 'node:http';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem({ settings: { maxConcurrentBatches: 2 } });
});
afterAll(() => system.stop());

const NDJSON = { 'Content-Type': 'application/x-ndjson' };
const PATH = '/api/v1/batches/executions';
const line = () => `${JSON.stringify(execution())}\n`;

/** An upload that is under way; `end` sends the rest of it, and answers what it was answered. */
function uploading(key: string): { end(): Promise<number | undefined> } {
  const req = request(`${system.url}${PATH}`, { method: 'POST', headers: { ...NDJSON, 'transfer-encoding': 'chunked', 'idempotency-key': key } });
  const answered = new Promise<number | undefined>((resolve, reject) => req.on('error', reject).on('response', (res) => res.resume().on('end', () => resolve(res.statusCode))));
  req.write(line());
  return {
    end() {
      req.end(line());
      return answered;
    },
  };
}
const open = async () => Number((await query<{ n: string }>(system.databaseUrl, `select count(*) as n from large_batch where state = 'RECEIVING'`))[0]?.n);

test('one client has so many large batches in flight and no more: 503 before anything was taken, the same again when one has ended', async () => {
  const uploads = [uploading('one'), uploading('two')];
  await waitFor(async () => (await open()) === 2, { timeoutMs: 30_000, what: 'both to be opened' });
  const refused = await send(system.url, 'POST', PATH, line(), { ...NDJSON, 'idempotency-key': 'three' });
  expect(refused).toMatchObject({ status: 503, body: { code: 'too-many-batches', detail: expect.stringContaining('maxConcurrentBatches') as string } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(await query(system.databaseUrl, `select 1 from idempotency where key = 'three'`)).toEqual([]);
  expect(await uploads[0]?.end()).toBe(202);
  expect((await send(system.url, 'POST', PATH, line(), { ...NDJSON, 'idempotency-key': 'three' })).status).toBe(202);
  expect(await uploads[1]?.end()).toBe(202);
});

test('what broke off and waits to go on counts for nothing, and going on is not refused', async () => {
  const [id] = await query<{ id: string }>(system.databaseUrl, `insert into batch (id, kind, client, epoch, state, requested, received_at, large) select gen_random_uuid(), kind, client, 0, 'open', 0, now(), true from batch limit 1 returning id`);
  await query(system.databaseUrl, `insert into large_batch (id, kind, client, state, staged, lane, parallelism, checkpoint_interval, checkpointing, error_policy, max_retries, tags, format, deadline_at, auto_start)
    select $1, kind, client, 'RECEIVING', staged, lane, parallelism, checkpoint_interval, checkpointing, error_policy, max_retries, tags, format, now() + interval '1 hour', auto_start from large_batch limit 1`, [id?.id]);
  const other = uploading('four');
  await waitFor(async () => (await open()) === 2, { timeoutMs: 30_000, what: 'it to be opened' });
  expect((await send(system.url, 'POST', PATH, line(), { ...NDJSON, 'idempotency-key': 'five' })).status).toBe(202);
  expect(await other.end()).toBe(202);
});
