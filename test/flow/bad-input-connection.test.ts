import { batchText, executionText } from '../helpers/executions.ts';
import { RawConnection, send } from '../helpers/http.ts';
import { countRows } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const BATCH = 'POST /api/v1/executions/batch HTTP/1.1';
const JSON_TYPE = 'Content-Type: application/json';

describe('connections that misbehave', () => {
  let system: TestSystem;
  const open: RawConnection[] = [];
  beforeAll(async () => {
    system = await startSystem({ writers: 1, settings: { requestDeadline: 1_000 } });
  });
  afterEach(() => {
    for (const connection of open.splice(0)) connection.close();
  });
  afterAll(() => system.stop());

  const connect = async () => {
    const connection = await RawConnection.open(system.url);
    open.push(connection);
    return connection;
  };
  const rows = () => countRows(system.databaseUrl, 'execution');

  async function expectUsable(connection: RawConnection): Promise<void> {
    connection.request(['GET /health/live HTTP/1.1']);
    expect(await connection.answer()).toMatchObject({ status: 200, text: '{"status":"UP"}' });
  }

  test('a body without Content-Length, in chunks of any size, is a body', async () => {
    const connection = await connect();
    const body = batchText([executionText(), executionText()]);
    connection.request([BATCH, JSON_TYPE, 'Transfer-Encoding: chunked']);
    for (let at = 0; at < body.length; at += 7) {
      const part = body.slice(at, at + 7);
      connection.write(`${part.length.toString(16)}\r\n${part}\r\n`);
    }
    connection.write('0\r\n\r\n');
    const answer = await connection.answer();
    expect(answer).toMatchObject({ status: 201, body: { status: 'SUCCESS', successful: 2 } });
    await expectUsable(connection);
  });

  test.each([
    ['by its length', ['Content-Length: 500'], '{"executions":[{"quantity":'],
    ['in chunks', ['Transfer-Encoding: chunked'], '1b\r\n{"executions":[{"quantity":\r\n'],
  ])('a body %s that is cut off: 400 body-incomplete, nothing stored, connection closed', async (_name, headers, part) => {
    const before = await rows();
    const connection = await connect();
    connection.request([BATCH, JSON_TYPE, ...headers], part);
    connection.halfClose();
    expect(await connection.answer()).toMatchObject({ status: 400, headers: { 'content-type': 'application/problem+json', connection: 'close' }, body: { code: 'body-incomplete', status: 400 } });
    await connection.closedByServer();
    expect(await rows()).toBe(before);
  });

  test('a client that vanishes within its body leaves nothing behind', async () => {
    const before = await rows();
    const connection = await connect();
    connection.request([BATCH, JSON_TYPE, 'Content-Length: 500'], '{"executions":[');
    connection.close();
    await expectUsable(await connect());
    expect(await rows()).toBe(before);
  });

  test('a body slower than the deadline: 408, nothing stored; its rest may still come and the connection is as good as before', async () => {
    const before = await rows();
    const connection = await connect();
    const body = batchText([executionText()]);
    connection.request([BATCH, JSON_TYPE, `Content-Length: ${body.length}`], body.slice(0, 20));
    expect(await connection.answer()).toMatchObject({ status: 408, body: { code: 'body-timeout', message: expect.stringMatching(/nothing of it was taken/) as string } });
    connection.write(body.slice(20));
    await expectUsable(connection);
    expect(await rows()).toBe(before);
  });

  test('a body that never ends after its deadline: 408, then the connection is closed', async () => {
    const connection = await connect();
    connection.request([BATCH, JSON_TYPE, 'Content-Length: 500'], '{');
    expect((await connection.answer()).status).toBe(408);
    await connection.closedByServer();
  });

  test('a body above the bound is refused before it is sent; where it never comes the connection is closed', async () => {
    const connection = await connect();
    const size = 8_388_609;
    connection.request([BATCH, JSON_TYPE, `Content-Length: ${size}`]);
    expect(await connection.answer()).toMatchObject({ status: 413, body: { code: 'body-too-large' } });
    await connection.closedByServer();
  });

  test('a body of ten megabytes in chunks: 413 is read, whatever becomes of the connection', async () => {
    const connection = await connect();
    connection.request([BATCH, JSON_TYPE, 'Transfer-Encoding: chunked']);
    const part = `80000\r\n${'x'.repeat(0x80000)}\r\n`;
    for (let i = 0; i < 20; i++) connection.write(part);
    connection.write('0\r\n\r\n');
    expect(await connection.answer()).toMatchObject({ status: 413, body: { code: 'body-too-large' } });
  });

  test('after each refusal of a whole body the same connection takes a good batch', async () => {
    const connection = await connect();
    for (const [body, status] of [['{"executions":[', 400], ['{"executions":[]}', 400], ['', 400], ['[]', 400], [batchText([executionText()]), 201]] as const) {
      connection.request([BATCH, JSON_TYPE, `Content-Length: ${body.length}`], body);
      expect((await connection.answer()).status).toBe(status);
    }
  });

  test('requests sent ahead on one connection are answered in order', async () => {
    const connection = await connect();
    const body = batchText([executionText()]);
    const bad = '{';
    connection.request([BATCH, JSON_TYPE, `Content-Length: ${body.length}`], body);
    connection.request([BATCH, JSON_TYPE, `Content-Length: ${bad.length}`], bad);
    connection.request(['GET /health/live HTTP/1.1']);
    expect([(await connection.answer()).status, (await connection.answer()).status, (await connection.answer()).status]).toEqual([201, 400, 200]);
  });

  test.each([
    ['GET /health/live', 200],
    ['GET /api/v1/execution/999999999', 404],
    ['DELETE /api/v1/execution/1', 405],
    ['POST /api/v1/executions', 400],
  ])('%s with a Content-Type and no body: the header is no error', async (line, status) => {
    const connection = await connect();
    connection.request([`${line} HTTP/1.1`, JSON_TYPE, ...(line.startsWith('POST') ? ['Content-Length: 0'] : [])]);
    const answer = await connection.answer();
    expect(answer.status).toBe(status);
    if (status === 400) expect(answer.body.code).toBe('empty-body');
    await expectUsable(connection);
  });

  test.each([
    ['no HTTP at all', 'HELLO\r\n\r\n', 400],
    ['two lengths', 'POST /api/v1/executions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}', 400],
    ['headers beyond the bound', `GET /health/live HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
  ])('%s: a problem document, then the connection is closed', async (_name, bytes, status) => {
    const connection = await connect();
    connection.write(bytes);
    expect(await connection.answer()).toMatchObject({ status, headers: { 'content-type': 'application/problem+json' }, body: { code: 'bad-http', status } });
    await connection.closedByServer();
  });

  test.each(['//', '//a', '/\\', 'http://[', 'http://elsewhere/nowhere', '*'])('the target %s is never a 500', async (target) => {
    const connection = await connect();
    connection.request([`GET ${target} HTTP/1.1`]);
    const answer = await connection.answer();
    expect([400, 404]).toContain(answer.status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
  });

  test('HEAD of what GET serves has its headers and no body', async () => {
    const connection = await connect();
    connection.request(['HEAD /health/live HTTP/1.1', 'Connection: close']);
    await connection.closedByServer();
    expect(connection.received()).toMatch(/^HTTP\/1\.1 200 OK\r\n(.+\r\n)+\r\n$/);
  });

  test('a client that goes away before its answer: its batch is stored all the same, and the edge serves on', async () => {
    const before = await rows();
    const connection = await connect();
    const body = batchText([executionText()]);
    connection.request([BATCH, JSON_TYPE, `Content-Length: ${body.length}`], body);
    await connection.closeWhenSent();
    await waitFor(async () => (await rows()) === before + 1, { what: 'the batch to be stored' });
    expect((await send(system.url, 'GET', '/health/live')).status).toBe(200);
  });
});
