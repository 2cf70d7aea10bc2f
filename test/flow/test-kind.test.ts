import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { send, type HttpAnswer } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const kindFile = (name: string) => fileURLToPath(new URL(`../helpers/kinds/${name}.kind.ts`, import.meta.url));
const MANY = 5_000;
const TAKEN = 'TAKEN';

describe('a kind is one file', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem({ writers: 2, settings: { recordKinds: kindFile('parcel') } });
    expect((await send(system.url, 'POST', '/api/v1/parcels', parcel({ trackingCode: TAKEN }))).status).toBe(201);
  });
  afterAll(() => system.stop());

  const parcel = (members: Record<string, unknown> = {}) => ({ trackingCode: `one-${performance.now()}-${Math.random()}`.slice(0, 40), weight: 1.5, ...members });
  const postBatch = (parcels: unknown[]) => send(system.url, 'POST', '/api/v1/parcels/batch', { parcels });
  const stored = (prefix: string) => query<{ id: string; code: string }>(system.databaseUrl, 'select id, tracking_code as code from parcel where tracking_code like $1 order by id', [`${prefix}-%`]);

  test('its table was made from its entity', async () => {
    const columns = await query<{ name: string; type: string }>(system.databaseUrl, `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type from pg_attribute a where a.attrelid = 'parcel'::regclass and a.attnum > 0 order by a.attnum`);
    expect(columns.map((c) => `${c.name} ${c.type}`)).toEqual(['id bigint', 'tracking_code character varying(40)', 'service character varying(10)', 'weight numeric(8,3)', 'label character varying(12)', 'received_timestamp timestamp(3) with time zone', 'version integer']);
  });

  test('REST takes one, answers with it, finds and lists it, under the kind\'s own names', async () => {
    const created = await send(system.url, 'POST', '/api/v1/parcels', parcel({ trackingCode: 'P1', weight: '12.340', service: 'EXPRESS' }));
    expect(created.status).toBe(201);
    expect(created.text).toContain('"weight":12.340,');
    expect(created.body).toMatchObject({ trackingCode: 'P1', service: 'EXPRESS', label: null, version: 1 });
    expect(created.headers.get('location')).toBe(`/api/v1/parcel/${created.body.id}`);
    expect((await send(system.url, 'GET', `/api/v1/parcel/${created.body.id}`)).text).toBe(created.text);
    expect((await send(system.url, 'GET', '/api/v1/parcels?trackingCode=P1')).body.content).toEqual([created.body]);
  });

  test('its items are checked by its rules; results hold the record under the kind\'s name', async () => {
    const answer = await postBatch([parcel({ trackingCode: 'P2' }), parcel({ service: 'SLOW' }), { weight: 0 }]);
    expect(answer.status).toBe(207);
    expect(answer.body.results).toMatchObject([
      { requestIndex: 0, status: 'SUCCESS', parcel: { trackingCode: 'P2', service: 'STANDARD' } },
      { requestIndex: 1, status: 'FAILED', parcel: null, errors: [{ index: 1, pointer: '/parcels/1/service', code: 'enum', message: expect.stringMatching(/EXPRESS, STANDARD/) as string }] },
      { requestIndex: 2, status: 'FAILED', errors: [{ pointer: '/parcels/2/trackingCode', code: 'required' }, { pointer: '/parcels/2/weight', code: 'range' }] },
    ]);
    expect(answer.body.results?.[0]).not.toHaveProperty('execution');
  });

  test('what it does not offer is not there: no change, no PUT', async () => {
    const answer = await send(system.url, 'PUT', '/api/v1/parcel/1', {});
    expect(answer).toMatchObject({ status: 405, body: { code: 'method-not-allowed' } });
  });

  test('it stands in the OpenAPI document and in the figures', async () => {
    const document = await send(system.url, 'GET', '/openapi.json');
    expect(Object.keys(document.body.paths as object)).toEqual(expect.arrayContaining(['/api/v1/parcels', '/api/v1/parcels/batch', '/api/v1/parcel/{id}']));
    expect((await send(system.url, 'GET', '/metrics')).text).toMatch(/batcher_items_total\{[^}]*kind="parcel"[^}]*\} [1-9]/);
  });

  describe('F2 F3 a constraint that only the database sees: exactly the offending items fail', () => {
    async function expectFailing(prefix: string, codes: string[], failing: number[]): Promise<HttpAnswer> {
      const answer = await postBatch(codes.map((trackingCode) => parcel({ trackingCode })));
      const results = answer.body.results ?? [];
      expect(results.filter((r) => r.status !== 'SUCCESS').map((r) => r.requestIndex)).toEqual(failing);
      expect(answer.status).toBe(failing.length === codes.length ? 400 : 207);
      expect(answer.body).toMatchObject({ totalRequested: codes.length, successful: codes.length - failing.length, failed: failing.length });
      for (const index of failing) expect(results[index]).toMatchObject({ requestIndex: index, code: 'duplicate', parcel: null, errors: [{ index, pointer: `/parcels/${index}/trackingCode`, code: 'duplicate', message: 'There is a parcel with this tracking code already.' }] });
      const good = results.filter((r) => r.status === 'SUCCESS').map((r) => r.parcel as { id: number; trackingCode: string });
      expect(good.map((record) => record.trackingCode)).toEqual(codes.filter((_, i) => !failing.includes(i)));
      expect((await stored(prefix)).map((row) => `${row.id} ${row.code}`)).toEqual([...good].sort((a, b) => a.id - b.id).filter((r) => r.trackingCode.startsWith(`${prefix}-`)).map((r) => `${r.id} ${r.trackingCode}`));
      return answer;
    }

    test.each<[string, number[]]>([
      ['the first', [0]],
      ['the last', [MANY - 1]],
      ['one in the middle', [2_500]],
      ['neighbours', [1_233, 1_234, 1_235]],
      ['the edges of segments', [499, 500, 999, 1_000]],
      ['many, far apart', Array.from({ length: 50 }, (_, i) => i * 100 + 7)],
    ])('%s of 5,000', async (name, failing) => {
      const prefix = name.replace(/\W/g, '_').slice(0, 20);
      await expectFailing(prefix, Array.from({ length: MANY }, (_, i) => (failing.includes(i) ? TAKEN : `${prefix}-${i}`)), failing);
    });

    test('all of 5,000, as when a client sends its batch again without a key', async () => {
      const items = Array.from({ length: MANY }, (_, i) => parcel({ trackingCode: `again-${i}` }));
      expect((await postBatch(items)).status).toBe(201);
      const answer = await postBatch(items);
      expect(answer).toMatchObject({ status: 400, body: { status: 'FAILED', failed: MANY } });
      expect(answer.body.results?.every((r) => r.code === 'duplicate')).toBe(true);
      expect(await stored('again')).toHaveLength(MANY);
    });

    test.each<[string, number, number]>([
      ['neighbours', 10, 11],
      ['in one segment', 20, 480],
      ['in two segments', 100, 700],
      ['first and last', 0, MANY - 1],
    ])('two equal ones in one batch, %s: the first wins', async (name, first, second) => {
      const prefix = `twin_${name.replace(/\W/g, '_')}`;
      await expectFailing(prefix, Array.from({ length: MANY }, (_, i) => `${prefix}-${i === second ? first : i}`), [second]);
    });

    test('two equal ones in one batch: the first wins even where its segment has to wait for another client', async () => {
      const client = new pg.Client({ connectionString: system.databaseUrl });
      await client.connect();
      try {
        await client.query(`begin; insert into parcel (id, tracking_code, service, weight, received_timestamp) values (-1, 'wait-0', 'STANDARD', 1, now())`);
        const answering = expectFailing('wait', Array.from({ length: 1_500 }, (_, i) => `wait-${i === 700 ? 10 : i}`), [700]);
        await waitFor(async () => (await query(system.databaseUrl, `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length > 0, { what: 'the first segment to wait for the other client' });
        // By the time this one is stored, the segments behind the first would be too, if they did not wait for it.
        expect((await send(system.url, 'POST', '/api/v1/parcels', parcel())).status).toBe(201);
        await client.query('rollback');
        await answering;
      } finally {
        await client.end();
      }
    });

    test('with items that the rules refuse around them, every index is right', async () => {
      const items = Array.from({ length: MANY }, (_, i) => (i % 7 === 3 ? null : i % 11 === 5 ? parcel({ trackingCode: TAKEN }) : parcel({ trackingCode: `mixed-${i}` })));
      const answer = await postBatch(items);
      expect(answer.status).toBe(207);
      expect(answer.body.results?.map((r) => r.code ?? 'stored')).toEqual(items.map((_, i) => (i % 7 === 3 ? 'not-an-object' : i % 11 === 5 ? 'duplicate' : 'stored')));
      const rows = new Map((await stored('mixed')).map((row) => [row.code, Number(row.id)]));
      for (const r of answer.body.results ?? []) if (r.status === 'SUCCESS') expect(rows.get(`mixed-${r.requestIndex}`)).toBe((r.parcel as { id: number }).id);
    });

    test('F6 a value that no rule refuses and no column takes fails alone, without PostgreSQL\'s own words', async () => {
      const answer = await postBatch([parcel({ trackingCode: 'long-0' }), parcel({ trackingCode: 'long-1', label: 'far too long for it' }), parcel({ trackingCode: 'long-2' })]);
      expect(answer.body.results).toMatchObject([{ status: 'SUCCESS' }, { status: 'FAILED', code: 'refused-by-database', errors: [{ pointer: '/parcels/1', message: 'The database cannot store a value of this item (SQLSTATE 22001).' }] }, { status: 'SUCCESS' }]);
      expect((await stored('long')).map((r) => r.code)).toEqual(['long-0', 'long-2']);
    });

    test('one record: 409 with a pointer into it', async () => {
      const answer = await send(system.url, 'POST', '/api/v1/parcels', parcel({ trackingCode: TAKEN }));
      expect(answer).toMatchObject({ status: 409, body: { code: 'invalid-record', errors: [{ pointer: '/trackingCode', code: 'duplicate' }] } });
    });

    test('the ledger counts what was refused, and the conservation law holds', async () => {
      const [sums] = await query<{ written: string; records: string }>(system.databaseUrl, `select (select sum(written) from ledger where kind = 'parcel') as written, (select count(*) from parcel) as records`);
      expect(sums?.written).toBe(sums?.records);
      expect(await query(system.databaseUrl, `select batch_id from ledger where kind = 'parcel' and jsonb_array_length(coalesce(rejects, '[]')) < rejected`)).toEqual([]);
    });
  });
});

describe('other clients in the same flush', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem({ writers: 1, settings: { recordKinds: kindFile('parcel'), writerConcurrency: 1, edgePool: 20 } });
  });
  afterAll(() => system.stop());

  const figure = async (name: string) => Number(new RegExp(`^sluice_${name} (\\d+)`, 'm').exec((await send(system.url, 'GET', '/metrics')).text)?.[1] ?? 0);

  test('do not pay for a record that the database refuses', async () => {
    const post = (codes: string[]) => send(system.url, 'POST', '/api/v1/parcels/batch', { parcels: codes.map((trackingCode) => ({ trackingCode, weight: 1 })) });
    await post([TAKEN]);
    const blocker = new pg.Client({ connectionString: system.databaseUrl });
    await blocker.connect();
    try {
      await blocker.query('begin; lock table parcel in share mode');
      // These take every slot and wait for the table; what comes after them waits in the edge and will share flushes.
      const first = Array.from({ length: 4 }, (_, i) => post([`slot-${i}`]));
      const rest = Array.from({ length: 12 }, (_, i) => post(i % 4 === 1 ? [`client-${i}-0`, TAKEN, `client-${i}-2`] : [`client-${i}-0`, `client-${i}-1`, `client-${i}-2`]));
      await waitFor(async () => (await figure('batcher_queue_items')) >= 24, { what: 'most clients to wait in the queue' });
      await blocker.query('commit');
      const answers = await Promise.all(rest);
      expect((await Promise.all(first)).map((a) => a.status)).toEqual([201, 201, 201, 201]);
      expect(answers.map((a) => a.status)).toEqual(answers.map((_, i) => (i % 4 === 1 ? 207 : 201)));
      for (const [i, answer] of answers.entries()) expect(answer.body.results?.map((r) => r.status)).toEqual(['SUCCESS', i % 4 === 1 ? 'FAILED' : 'SUCCESS', 'SUCCESS']);
      const [rows] = await query<{ n: number }>(system.databaseUrl, `select count(*)::int as n from parcel where tracking_code like 'client-%'`);
      expect(rows?.n).toBe(12 * 3 - 3);
    } finally {
      await blocker.end();
    }
  });
});

describe('a kind of many columns', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem({ writers: 1, settings: { recordKinds: kindFile('wide'), bulkInsertBatchSize: 2_000, chunkMaxBytes: 786_432 } });
  });
  afterAll(() => system.stop());

  test('F8 2,000 records of 40 columns, 80,000 values, go as one array per column', async () => {
    const wides = Array.from({ length: 2_000 }, (_, i) => ({ field40: i % 10 }));
    const answer = await send(system.url, 'POST', '/api/v1/wides/batch', { wides }, { Prefer: 'return=minimal' });
    expect(answer).toMatchObject({ status: 201, body: { successful: 2_000 } });
    const [written] = await query(system.databaseUrl, 'select count(distinct xmin::text)::int as statements, count(*)::int as rows, sum(field40)::int as sum from wide');
    expect(written).toEqual({ statements: 1, rows: 2_000, sum: 9_000 });
  });
});
