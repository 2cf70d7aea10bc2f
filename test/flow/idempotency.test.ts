import { createHash } from 'node:crypto';
import { execution } from '../helpers/executions.ts';
import { send, type HttpAnswer } from '../helpers/http.ts';
import { countRows, query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import pg from 'pg';
import { waitFor } from '../helpers/wait-for.ts';

const BATCH = '/api/v1/executions/batch';
const ONE = '/api/v1/executions';

describe('Idempotency-Key', () => {
  let system: TestSystem;
  let last = 0;
  beforeAll(async () => {
    system = await startSystem({ writers: 1, settings: { edgePool: 20 } });
  });
  afterAll(() => system.stop());

  const newKey = () => `key ${++last}`;
  const post = (path: string, body: unknown, key: string, headers: Record<string, string> = {}) => send(system.url, 'POST', path, body, { 'Idempotency-Key': key, ...headers });
  const rows = () => countRows(system.databaseUrl, 'execution');
  const sql = <Row = Record<string, unknown>>(text: string, values: unknown[] = []) => query<Row>(system.databaseUrl, text, values);
  const replayed = (answer: HttpAnswer) => answer.headers.get('idempotency-replayed');
  /** What a repeat must tell as the first answer did. */
  const told = ({ status, body }: HttpAnswer) => ({ status, batchId: body.batchId, results: body.results?.map((r) => ({ ...r, execution: r.execution?.id })) });

  /** Locks the table against writes until `during` is done. */
  async function whileTableIsLocked<T>(during: (release: () => Promise<unknown>) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: system.databaseUrl });
    await client.connect();
    try {
      await client.query('begin; lock table execution in share mode');
      return await during(() => client.query('commit'));
    } finally {
      await client.end();
    }
  }

  const mixed = () => ({ executions: [execution(), execution({ quantity: 0 }), execution({ quantity: '1.50' })] });

  test('F46 the same key and body: the stored answer, with status, ids and reasons as then, and nothing written', async () => {
    const key = newKey();
    const first = await post(BATCH, mixed(), key);
    const before = await rows();
    const again = await post(BATCH, mixed(), key);
    expect(first.status).toBe(207);
    expect(replayed(first)).toBeNull();
    expect(replayed(again)).toBe('true');
    expect(told(again)).toEqual(told(first));
    expect(again.body.results?.[2]?.execution).toEqual(first.body.results?.[2]?.execution);
    expect(await rows()).toBe(before);
  });

  test('the record of a stored answer is the record as it is now', async () => {
    const key = newKey();
    const first = await post(ONE, execution(), key);
    await send(system.url, 'PUT', `/api/v1/execution/${first.body.id}`, { quantityFilled: 40, averagePrice: 1.25, version: 1 });
    const again = await post(ONE, execution(), key);
    expect(again.status).toBe(201);
    expect(replayed(again)).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(again.body).toMatchObject({ id: first.body.id, executionStatus: 'PART', quantityFilled: 40, averagePrice: 1.25, version: 2, receivedTimestamp: first.body.receivedTimestamp });
  });

  test('a batch whose every item was refused is refused again, in the same words', async () => {
    const key = newKey();
    const body = { executions: [null, execution({ quantity: -1 })] };
    const first = await post(BATCH, body, key);
    const again = await post(BATCH, body, key);
    expect(first.status).toBe(400);
    expect(told(again)).toEqual(told(first));
    expect(replayed(again)).toBe('true');
  });

  test('return=minimal is a matter of each request, not of the key', async () => {
    const key = newKey();
    const first = await post(BATCH, mixed(), key, { Prefer: 'return=minimal' });
    const again = await post(BATCH, mixed(), key);
    expect(again.body.results?.[0]?.execution?.id).toBe(first.body.results?.[0]?.id);
  });

  test.each([
    ['another body', BATCH, { executions: [execution({ quantity: 5 })] }],
    ['the same body under another path', ONE, undefined],
  ])('with %s: 422, and nothing is written', async (_name, path, body) => {
    const key = newKey();
    await post(BATCH, mixed(), key);
    const before = await rows();
    const answer = await post(path, body ?? execution(), key);
    expect(answer).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused', status: 422 } });
    expect(await rows()).toBe(before);
  });

  test.each([['empty', ''], ['of 256 characters', 'x'.repeat(256)], ['with a character beyond ASCII', 'schl\u00fcssel']])('a key that is %s: 400, and nothing is written', async (_name, key) => {
    const before = await rows();
    expect(await post(BATCH, mixed(), key)).toMatchObject({ status: 400, body: { code: 'invalid-idempotency-key', errors: [{ pointer: 'Idempotency-Key' }] } });
    expect(await rows()).toBe(before);
  });

  test('a key of 255 characters is a key', async () => {
    expect((await post(BATCH, mixed(), 'k'.repeat(255))).status).toBe(207);
  });

  test('the same key twice at once: one writes, the other waits and has its answer', async () => {
    const key = newKey();
    const before = await rows();
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(BATCH, mixed(), key)));
    expect(answers.map((a) => a.status)).toEqual([207, 207, 207, 207, 207]);
    expect(answers.filter((a) => replayed(a) === null)).toHaveLength(1);
    expect(new Set(answers.map((a) => JSON.stringify(told(a)))).size).toBe(1);
    expect(await rows()).toBe(before + 2);
  });

  test('twice at once, and no time to wait: 409 request-in-progress with Retry-After', async () => {
    const key = newKey();
    await whileTableIsLocked(async (release) => {
      const first = post(BATCH, mixed(), key);
      await waitFor(async () => (await sql(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length > 0, { what: 'the first to wait for the table' });
      const second = await post(BATCH, mixed(), key, { Prefer: 'wait=0' });
      expect(second).toMatchObject({ status: 409, body: { code: 'request-in-progress' } });
      expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
      await release();
      expect((await first).status).toBe(207);
    });
    expect(replayed(await post(BATCH, mixed(), key))).toBe('true');
  });

  describe('after a crash in between', () => {
    const many = { executions: Array.from({ length: 1_600 }, (_, i) => (i % 100 === 7 ? execution({ quantity: 0 }) : execution({ quantity: i + 1 }))) };

    /** Until edges have just looked for orphans: the next look is seconds away, so that the repeat comes before it. */
    async function untilReaped(): Promise<void> {
      const [orphan] = await sql<{ id: string }>(`insert into batch (id, kind, client, state, requested, received_at, lease_until) values (gen_random_uuid(), 'execution', 'anonymous', 'open', 1, now(), now()) returning id`);
      await waitFor(async () => (await sql(`select 1 from batch where id = $1 and state = 'closed'`, [orphan?.id])).length > 0, { what: 'an orphan to be settled' });
    }

    /** Leaves a batch as an edge does that dies when the segment in its middle was not written yet. */
    async function crashed(key: string): Promise<HttpAnswer> {
      const whole = await post(BATCH, many, key);
      expect(whole).toMatchObject({ status: 207, body: { successful: 1_584, failed: 16 } });
      const { batchId } = whole.body;
      await untilReaped();
      const cut = await sql<{ first_id: string; span: number }>(`delete from ledger where batch_id = $1 and first_index >= 500 and first_index < 1000 returning first_id, span`, [batchId]);
      for (const { first_id: firstId, span } of cut) await sql('delete from execution where id >= $1 and id < $1::bigint + $2', [firstId, span]);
      await sql(`update batch set state = 'open', closed_at = null, lease_owner = 'gone', lease_until = now() - interval '1 s' where id = $1`, [batchId]);
      return whole;
    }

    test('F60 the repeat takes the batch over, writes what is missing, and nothing twice; the dead edge can write no more', async () => {
      const key = newKey();
      const whole = await crashed(key);
      const { batchId } = whole.body;
      const answer = await post(BATCH, many, key);
      expect(answer).toMatchObject({ status: 207, body: { batchId, successful: 1_584, failed: 16 } });
      const ids = (a: HttpAnswer) => a.body.results?.map((r) => r.execution?.id ?? r.code) ?? [];
      expect(ids(answer).slice(0, 500)).toEqual(ids(whole).slice(0, 500));
      expect(ids(answer).slice(1_000)).toEqual(ids(whole).slice(1_000));
      const stored = await sql<{ id: string; quantity: string }>('select id, quantity from execution where id = any($1::bigint[])', [ids(answer).filter((id) => typeof id === 'number')]);
      const byId = new Map(stored.map((row) => [Number(row.id), Number(row.quantity)]));
      expect(answer.body.results?.every((r, i) => r.status === 'FAILED' || byId.get(Number(r.execution?.id)) === i + 1)).toBe(true);
      const [sums] = await sql('select sum(written)::int as written, sum(rejected)::int as rejected, (select state from batch where id = $1) as state, (select epoch from batch where id = $1) as epoch from ledger where batch_id = $1', [batchId]);
      expect(sums).toEqual({ written: 1_584, rejected: 16, state: 'closed', epoch: expect.any(Number) as number });
      expect(sums?.epoch).toBeGreaterThan(0);

      expect(told(await post(BATCH, many, key))).toEqual(told(answer));
    });

    test('F61 a repeat in another month meets the same batch, for the ledger is parted by batch, not by day', async () => {
      const key = newKey();
      const whole = await crashed(key);
      const old = `01890000${(whole.body.batchId ?? '').slice(8)}`;
      for (const [table, column] of [['batch', 'id'], ['ledger', 'batch_id'], ['idempotency', 'batch_id']]) await sql(`update ${table} set ${column} = $2 where ${column} = $1`, [whole.body.batchId, old]);
      const before = await rows();
      const answer = await post(BATCH, many, key);
      expect(answer).toMatchObject({ status: 207, body: { batchId: old, successful: 1_584 } });
      expect(await rows()).toBe(before + 495);
      expect(replayed(await post(BATCH, many, key))).toBe('true');
      expect(await rows()).toBe(before + 495);
    });

    /** Leaves a batch as the reaper does that settled it before this segment was written. */
    async function settledWithout(batchId: unknown, firstIndex: number): Promise<void> {
      const cut = await sql<{ first_id: string; span: number }>('delete from ledger where batch_id = $1 and first_index >= $2 returning first_id, span', [batchId, firstIndex]);
      for (const { first_id: firstId, span } of cut) await sql('delete from execution where id >= $1 and id < $1::bigint + $2', [firstId, span]);
      await sql('update batch set epoch = epoch + 1 where id = $1', [batchId]);
    }

    test('and settled meanwhile: what is stored is told as stored, the rest as withdrawn, and what would be refused anyway as refused', async () => {
      const key = newKey();
      const whole = await post(BATCH, many, key);
      await settledWithout(whole.body.batchId, 1_000);
      const answer = await post(BATCH, many, key);
      expect(answer.status).toBe(207);
      expect(replayed(answer)).toBe('true');
      expect(answer.body.results?.map((r) => r.code ?? 'stored')).toEqual(many.executions.map((_, i) => (i % 100 === 7 ? 'range' : i < 1_000 ? 'stored' : 'withdrawn-unavailable')));
    });

    test('and settled when nothing but refusals was recorded: the key is free, and the repeat does the work', async () => {
      const key = newKey();
      const body = { executions: Array.from({ length: 1_000 }, (_, i) => execution({ quantity: i < 500 ? 0 : 1 })) };
      const whole = await post(BATCH, body, key);
      expect(whole.body).toMatchObject({ successful: 500, failed: 500 });
      await settledWithout(whole.body.batchId, 500);
      const answer = await post(BATCH, body, key);
      expect(answer).toMatchObject({ status: 207, body: { successful: 500, failed: 500 } });
      expect(answer.body.batchId).not.toBe(whole.body.batchId);
      expect(told(await post(BATCH, body, key))).toEqual(told(answer));
    });

    test('before anything was written, between the key and the work', async () => {
      const key = newKey();
      const body = JSON.stringify(mixed());
      await untilReaped();
      const sha = createHash('sha256').update(`POST ${BATCH}\n`).update(body).digest();
      await sql(`insert into idempotency (client, key, sha, batch_id) values ('anonymous', $1, $2, '019a0000-0000-7000-8000-00000000abcd')`, [key, sha]);
      await sql(`insert into batch (id, kind, client, state, requested, received_at, lease_owner, lease_until) values ('019a0000-0000-7000-8000-00000000abcd', 'execution', 'anonymous', 'open', 3, now(), 'gone', now() - interval '1 s')`);
      expect(await post(BATCH, body, key)).toMatchObject({ status: 207, body: { successful: 2 } });
    });
  });

  describe('on PUT', () => {
    const put = (id: unknown, body: unknown, key: string) => send(system.url, 'PUT', `/api/v1/execution/${String(id)}`, body, { 'Idempotency-Key': key });
    const fill = { quantityFilled: 40, averagePrice: 1.25, version: 1 };

    test('the same again is 200 and the record as it is now, and moves no version', async () => {
      const { id } = (await send(system.url, 'POST', ONE, execution())).body;
      const key = newKey();
      expect(await put(id, fill, key)).toMatchObject({ status: 200, body: { version: 2 } });
      await put(id, { quantityFilled: 60, version: 2 }, newKey());
      const again = await put(id, fill, key);
      expect(again).toMatchObject({ status: 200, body: { version: 3, quantityFilled: 60 } });
      expect(replayed(again)).toBe('true');
    });

    test('twice at once it is made once, and both are 200', async () => {
      const { id } = (await send(system.url, 'POST', ONE, execution())).body;
      const key = newKey();
      const answers = await Promise.all([put(id, fill, key), put(id, fill, key), put(id, fill, key)]);
      expect(answers.map((a) => [a.status, a.body.version])).toEqual([[200, 2], [200, 2], [200, 2]]);
    });

    test('another body is 422; a key whose change was refused can be used again', async () => {
      const { id } = (await send(system.url, 'POST', ONE, execution())).body;
      const key = newKey();
      expect((await put(id, { ...fill, version: 9 }, key)).status).toBe(409);
      expect((await put(id, fill, key)).status).toBe(200);
      expect((await put(id, { ...fill, quantityFilled: 41 }, key)).status).toBe(422);
    });
  });
});
