import { gzipSync } from 'node:zlib';
import pg from 'pg';
import { batchText, execution, executionText } from '../helpers/executions.ts';
import { RawConnection, send } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const ONE = '/api/v1/executions';
const BATCH = '/api/v1/executions/batch';

describe('what clients of executions rely on', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem({ writers: 2 });
  });
  afterAll(() => system.stop());

  const post = (path: string, body: unknown, headers?: Record<string, string>) => send(system.url, 'POST', path, body, headers);
  const put = (id: unknown, body: unknown, headers?: Record<string, string>) => send(system.url, 'PUT', `/api/v1/execution/${String(id)}`, body, headers);
  const sql = <Row = Record<string, unknown>>(text: string, values: unknown[] = []) => query<Row>(system.databaseUrl, text, values);
  const created = async (members?: Record<string, unknown>) => (await post(ONE, execution(members))).body.id;

  describe('decimals', () => {
    test.each([
      ['1E+2', '100.00000000'],
      ['1e2', '100.00000000'],
      ['"1E+2"', '100.00000000'],
      ['"12.50"', '12.50000000'],
      ['0.1', '0.10000000'],
      ['0.00000001', '0.00000001'],
      ['1e-8', '0.00000001'],
      ['9999999999.99999999', '9999999999.99999999'],
      ['"9999999999.99999999"', '9999999999.99999999'],
      ['1234567890.12345678', '1234567890.12345678'],
      ['9007199254.74099315', '9007199254.74099315'],
      ['5.000000000000000000000', '5.00000000'],
    ])('%s is stored and answered as %s, digit for digit', async (sent, digits) => {
      const answer = await post(ONE, executionText({ quantity: sent }));
      expect(answer.status).toBe(201);
      expect(answer.text).toContain(`"quantity":${digits},`);
      expect(await sql('select quantity::text as quantity from execution where id = $1', [answer.body.id])).toEqual([{ quantity: digits }]);
      expect((await send(system.url, 'GET', `/api/v1/execution/${answer.body.id}`)).text).toContain(`"quantity":${digits},`);
      expect((await post(BATCH, batchText([executionText({ quantity: sent })]))).text).toContain(`"quantity":${digits},`);
    });
  });

  describe('POST of one', () => {
    test('201, Location, and every member of the record', async () => {
      const answer = await post(ONE, { tradeType: 'SELL', destination: 'ML', securityId: 'A'.repeat(24), quantity: 10, executionStatus: null, limitPrice: null, tradeServiceExecutionId: null, version: 17 });
      expect(answer.status).toBe(201);
      expect(Object.keys(answer.body)).toEqual(['id', 'executionStatus', 'tradeType', 'destination', 'securityId', 'quantity', 'limitPrice', 'receivedTimestamp', 'sentTimestamp', 'tradeServiceExecutionId', 'quantityFilled', 'averagePrice', 'version']);
      expect(answer.body).toMatchObject({ executionStatus: 'NEW', limitPrice: null, sentTimestamp: null, tradeServiceExecutionId: null, quantityFilled: 0, averagePrice: null, version: 1 });
      expect(answer.body.receivedTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(answer.headers.get('location')).toBe(`/api/v1/execution/${answer.body.id}`);
      expect((await send(system.url, 'GET', `/api/v1/executions/${answer.body.id}`)).text).toBe(answer.text);
      expect(answer.body.id).toBeLessThan(2 ** 31);
    });

    test('null members that are not known are as good as absent', async () => {
      expect((await post(ONE, execution({ id: null, sentTimestamp: null }))).status).toBe(201);
    });
  });

  describe('POST of a batch', () => {
    test('results stand in the order sent; one instant for all', async () => {
      const answer = await post(BATCH, { executions: Array.from({ length: 1_700 }, (_, i) => execution({ quantity: i + 1 })) });
      expect(answer).toMatchObject({ status: 201, body: { status: 'SUCCESS', totalRequested: 1_700, successful: 1_700, failed: 0 } });
      expect(answer.body.results?.map((r) => [r.requestIndex, r.execution?.quantity])).toEqual(Array.from({ length: 1_700 }, (_, i) => [i, i + 1]));
      const instants = new Set(answer.body.results?.map((r) => r.execution?.receivedTimestamp));
      expect(instants.size).toBe(1);
      const stored = await sql<{ at: Date }>('select distinct received_timestamp as at from execution where id = any($1::bigint[])', [answer.body.results?.map((r) => r.execution?.id)]);
      expect(stored.map((row) => row.at.toISOString())).toEqual([...instants]);
      expect(Object.keys(answer.body).sort()).toEqual(['batchId', 'failed', 'message', 'metrics', 'results', 'status', 'successful', 'totalRequested']);
    });

    test('NDJSON is a batch too', async () => {
      expect(await post(BATCH, `${executionText()}\n${executionText()}`, { 'Content-Type': 'application/x-ndjson' })).toMatchObject({ status: 201, body: { successful: 2 } });
    });

    test('Prefer: return=minimal gives ids instead of records', async () => {
      const answer = await post(BATCH, { executions: [execution(), execution({ quantity: 0 })] }, { Prefer: 'return=minimal' });
      expect(answer.status).toBe(207);
      expect(answer.body.results?.[0]).toEqual({ requestIndex: 0, status: 'SUCCESS', message: 'Stored.', id: expect.any(Number) as number });
      expect((await send(system.url, 'GET', `/api/v1/execution/${answer.body.results?.[0]?.id}`)).status).toBe(200);
    });

    test('Prefer: respond-async: 202 PENDING with the place to ask; then the batch closes and its rows are there', async () => {
      const answer = await post(BATCH, { executions: [execution(), execution(), null] }, { Prefer: 'respond-async' });
      expect(answer).toMatchObject({ status: 202, body: { status: 'PENDING', totalRequested: 3, results: [] } });
      expect(answer.headers.get('location')).toBe(`/api/v1/batches/${answer.body.batchId}`);
      await waitFor(async () => (await sql(`select 1 from batch where id = $1 and state = 'closed'`, [answer.body.batchId])).length > 0, { what: 'the batch to close' });
      const [sums] = await sql('select sum(written)::int as written, sum(rejected)::int as rejected from ledger where batch_id = $1', [answer.body.batchId]);
      expect(sums).toEqual({ written: 2, rejected: 1 });
      expect((await send(system.url, 'GET', answer.headers.get('location') ?? '')).status).toBe(200);
    });
  });

  describe('PUT', () => {
    test.each([
      [40, 'PART'],
      ['99.99999999', 'PART'],
      [100, 'FULL'],
      ['100.00000001', 'FULL'],
    ])('a total of %s of 100 is %s: exactly 200 and the record', async (quantityFilled, executionStatus) => {
      const id = await created();
      const answer = await put(id, { quantityFilled, averagePrice: '1.5', version: 1 });
      expect(answer).toMatchObject({ status: 200, body: { id, executionStatus, quantityFilled: Number(quantityFilled), averagePrice: 1.5, version: 2 } });
      expect((await send(system.url, 'GET', `/api/v1/execution/${id}`)).text).toBe(answer.text);
    });

    test('a lower total is a correction', async () => {
      const id = await created();
      await put(id, { quantityFilled: 100, averagePrice: 2, version: 1 });
      expect(await put(id, { quantityFilled: 30, averagePrice: null, version: 2 })).toMatchObject({ status: 200, body: { executionStatus: 'PART', quantityFilled: 30, averagePrice: 2, version: 3 } });
    });

    test.each(['CANCELLED', 'CANCEL'])('executionStatus %s cancels', async (executionStatus) => {
      expect(await put(await created(), { executionStatus, version: 1 })).toMatchObject({ status: 200, body: { executionStatus: 'CANCELLED', version: 2 } });
    });

    test('F23 of another version: 409, and nothing is changed', async () => {
      const id = await created();
      expect(await put(id, { quantityFilled: 1, version: 2 })).toMatchObject({ status: 409, body: { code: 'version-conflict', errors: [{ pointer: '/version' }] } });
      expect((await send(system.url, 'GET', `/api/v1/execution/${id}`)).body).toMatchObject({ version: 1, quantityFilled: 0 });
    });

    test('of ten at once on one version exactly one is made', async () => {
      const id = await created();
      const statuses = (await Promise.all(Array.from({ length: 10 }, (_, i) => put(id, { quantityFilled: i, version: 1 })))).map((a) => a.status).sort();
      expect(statuses).toEqual([200, ...new Array<number>(9).fill(409)]);
    });

    test('of a record that is not there: 404', async () => {
      expect(await put(2_000_000_000, { quantityFilled: 1, version: 1 })).toMatchObject({ status: 404, body: { code: 'not-found' } });
    });

    test.each<[string, unknown, string]>([
      ['nothing', {}, '/version'],
      ['no version', { quantityFilled: 1 }, '/version'],
      ['a version that is a text', { quantityFilled: 1, version: '1' }, '/version'],
      ['a total below zero', { quantityFilled: -1, version: 1 }, '/quantityFilled'],
      ['a status that is not for clients', { executionStatus: 'FULL', version: 1 }, '/executionStatus'],
      ['a fill and a cancellation', { executionStatus: 'CANCELLED', quantityFilled: 1, version: 1 }, '/executionStatus'],
      ['neither', { version: 1 }, '/quantityFilled'],
      ['unknown members', { quantityFilled: 1, version: 1, id: 5 }, '/id'],
      ['an array', [], ''],
      ['null', 'null', ''],
    ])('with %s: 400 with a pointer', async (_name, body, pointer) => {
      const answer = await put(await created(), body);
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-change' } });
      expect(answer.body.errors?.map((e) => e.pointer)).toContain(pointer);
    });

    test('F63 that a writer could not make in time is withdrawn: 503, and never made', async () => {
      const id = await created();
      const client = new pg.Client({ connectionString: system.databaseUrl });
      await client.connect();
      try {
        await client.query('begin');
        await client.query('select 1 from execution where id = $1 for update', [id]);
        const answer = await put(id, { quantityFilled: 1, version: 1 }, { Prefer: 'wait=1', 'Idempotency-Key': 'held' });
        expect(answer).toMatchObject({ status: 503, body: { code: 'withdrawn-deadline' } });
        await client.query('commit');
      } finally {
        await client.end();
      }
      expect(await put(id, { quantityFilled: 2, version: 1 })).toMatchObject({ status: 200, body: { version: 2, quantityFilled: 2 } });
    });
  });

  describe('headers', () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    test('a request id is taken and given back, or made', async () => {
      expect((await send(system.url, 'GET', '/health/live', undefined, { 'X-Request-Id': 'mine-1' })).headers.get('x-request-id')).toBe('mine-1');
      expect((await send(system.url, 'GET', '/nowhere', undefined, { 'X-Request-Id': 'two words' })).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    });

    test('the caller\'s trace goes on in the ledger under a span of our own; without one a trace is made', async () => {
      const given = await post(BATCH, { executions: [execution()] }, { traceparent: `00-${traceId}-b7ad6b7169203331-01` });
      const made = await post(BATCH, { executions: [execution()] }, { traceparent: '00-nonsense' });
      const [row] = await sql<{ trace: string }>('select trace from ledger where batch_id = $1', [given.body.batchId]);
      expect(row?.trace).toMatch(new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
      expect(await sql('select trace from ledger where batch_id = $1', [made.body.batchId])).toEqual([{ trace: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/) as string }]);
    });

    test('long answers are compressed for who takes gzip, and only for them', async () => {
      const body = batchText(Array.from({ length: 50 }, () => executionText()));
      const packed = await fetch(system.url + BATCH, { method: 'POST', body, headers: { 'Content-Type': 'application/json', 'Accept-Encoding': 'gzip' } });
      expect(packed.headers.get('vary')).toBe('Accept-Encoding');
      expect(((await packed.json()) as { successful: number }).successful).toBe(50);
      const connection = await RawConnection.open(system.url);
      connection.request([`POST ${BATCH} HTTP/1.1`, `Content-Length: ${body.length}`], body);
      expect(await connection.answer()).toMatchObject({ status: 201, body: { successful: 50 } });
      connection.close();
      expect(packed.headers.get('content-encoding')).toBe('gzip');
    });

    test('a compressed body is taken', async () => {
      const packed = gzipSync(batchText([executionText()]));
      expect((await post(BATCH, packed, { 'Content-Encoding': 'gzip' })).status).toBe(201);
    });
  });
});

describe('with unknownQuery=ignore', () => {
  test('a parameter that is not known is left out and named', async () => {
    const system = await startSystem({ writers: 1, settings: { unknownQuery: 'ignore' } });
    try {
      const answer = await send(system.url, 'POST', `${BATCH}?colour=blue&size=3`, { executions: [execution()] });
      expect(answer.status).toBe(201);
      expect(answer.headers.get('sluice-ignored')).toBe('colour, size');
    } finally {
      await system.stop();
    }
  });
});
