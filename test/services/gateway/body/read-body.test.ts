import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { readBody, tellReader } from '../../../../services/gateway/body/read-body.ts';
import { ProblemError } from '../../../../shared/errors/problem.ts';

const MAX_BYTES = 100_000;
const text = JSON.stringify({ executions: Array.from({ length: 500 }, (_, index) => ({ index, name: 'é€' })) });

let server: Server;
let port: number;
/** Milliseconds that the next body may take. */
let patience: number;
/** The last problem, whether its answer found somebody or not. */
let refused: (problem: ProblemError) => void;

beforeEach(async () => {
  patience = 30_000;
  refused = () => undefined;
  server = createServer((req, res) => {
    readBody(req, { maxBytes: MAX_BYTES, deadlineAt: performance.now() + patience }).then(
      (body) => res.end(body),
      (problem: unknown) => {
        if (!(problem instanceof ProblemError)) throw problem;
        refused(problem);
        res.writeHead(problem.status, problem.headers).end(problem.code);
      },
    );
  });
  server.on('clientError', (error, socket) => {
    if (!tellReader(error, socket)) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** Sends one request over node's client; a body in parts goes chunked. */
async function post(parts: Buffer[] | Buffer, headers: OutgoingHttpHeaders = {}): Promise<{ status: number | undefined; body: string; headers: NodeJS.Dict<string | string[]> }> {
  const req = request({ port, host: '127.0.0.1', method: 'POST', headers, agent: false });
  req.on('error', () => undefined); // an early answer may come before all is sent
  const answered = once(req, 'response') as Promise<[IncomingMessage]>;
  if (Array.isArray(parts)) {
    for (const part of parts) req.write(part);
    req.end();
  } else req.end(parts);
  const [res] = await answered;
  let body = '';
  for await (const part of res) body += String(part);
  return { status: res.statusCode, body, headers: res.headers };
}

/** A connection by hand, and a wait for what the server says on it. */
function dial(): { socket: Socket; until: (pattern: RegExp) => Promise<string>; closed: Promise<unknown> } {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let heard = '';
  socket.on('data', (part) => (heard += part.toString())).on('error', () => undefined).on('end', () => socket.end());
  const until = async (pattern: RegExp) => {
    while (!pattern.test(heard)) await once(socket, 'data');
    return heard;
  };
  return { socket, until, closed: new Promise((resolve) => socket.once('close', resolve)) };
}

describe('a body is read', () => {
  test('whole, with a Content-Length or in chunks, also when it is empty', async () => {
    expect(await post(Buffer.from(text))).toMatchObject({ status: 200, body: text });
    expect(await post([Buffer.from(text.slice(0, 7)), Buffer.from(text.slice(7))])).toMatchObject({ status: 200, body: text });
    expect(await post(Buffer.alloc(0))).toMatchObject({ status: 200, body: '' });
    expect(await post(Buffer.alloc(0), { 'content-encoding': 'gzip' })).toMatchObject({ status: 200, body: '' });
  });

  test.each([
    ['gzip', gzipSync(text)],
    ['X-GZIP', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
    ['zstd', Buffer.concat([zstdCompressSync(text.slice(0, 99)), zstdCompressSync(text.slice(99))])],
    ['identity', Buffer.from(text)],
  ])('out of %s', async (coding, compressed) => {
    expect(await post(compressed, { 'content-encoding': coding })).toMatchObject({ status: 200, body: text });
  });
});

describe('a body is refused', () => {
  test('over its bound, by its length or by its chunks', async () => {
    expect(await post(Buffer.alloc(MAX_BYTES))).toMatchObject({ status: 200 });
    expect(await post(Buffer.alloc(MAX_BYTES + 1))).toMatchObject({ status: 413, body: 'body-too-large' });
    expect(await post([Buffer.alloc(MAX_BYTES), Buffer.alloc(1)])).toMatchObject({ status: 413, body: 'body-too-large' });
  });

  test.each([
    ['gzip', gzipSync(Buffer.alloc(MAX_BYTES * 500))],
    ['deflate', deflateSync(Buffer.alloc(MAX_BYTES + 1))],
    ['br', brotliCompressSync(Buffer.alloc(MAX_BYTES * 500))],
    ['zstd', zstdCompressSync(Buffer.alloc(MAX_BYTES * 500))],
  ])('over its bound after decompression: a bomb in %s', async (coding, bomb) => {
    expect(bomb.length).toBeLessThan(MAX_BYTES);
    expect(await post(bomb, { 'content-encoding': coding })).toMatchObject({ status: 413, body: 'body-too-large' });
  });

  test.each(['gzip', 'deflate', 'br', 'zstd'])('when it is not %s, though it says so', async (coding) => {
    expect(await post(Buffer.from(text), { 'content-encoding': coding })).toMatchObject({ status: 400, body: 'invalid-content-encoding' });
  });

  test('when its compressed stream ends too early', async () => {
    expect(await post(gzipSync(text).subarray(0, -20), { 'content-encoding': 'gzip' })).toMatchObject({ status: 400, body: 'invalid-content-encoding' });
  });

  test.each([['deflate', deflateSync(text)], ['br', brotliCompressSync(text)], ['zstd', zstdCompressSync(text)]])('when something follows its %s that is no part of it', async (coding, bytes) => {
    expect(await post(Buffer.concat([bytes, Buffer.from('more')]), { 'content-encoding': coding })).toMatchObject({ status: 400, body: 'invalid-content-encoding' });
  });

  test.each(['compress', 'gzip, br', 'constructor'])('in the coding %s, naming those that are known', async (coding) => {
    expect(await post(Buffer.from(text), { 'content-encoding': coding })).toMatchObject({ status: 415, body: 'unsupported-content-encoding', headers: { 'accept-encoding': 'gzip, deflate, br, zstd' } });
  });

  test('when it is slower than its deadline, and the answer is heard', async () => {
    patience = 20;
    const { socket, until, closed } = dial();
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"a"');
    expect(await until(/body-timeout/)).toMatch(/^HTTP\/1.1 408 /);
    await closed;
  });

  test('when its deadline was over before it began', async () => {
    patience = -1_000;
    const { socket, until } = dial();
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n');
    expect(await until(/body-timeout/)).toMatch(/^HTTP\/1.1 408 /);
    socket.destroy();
  });

  test.each([
    ['ends before its length', 'Content-Length: 100\r\n\r\n{"a"'],
    ['ends within a chunk', 'Transfer-Encoding: chunked\r\n\r\n40\r\n{"a"'],
    ['ends without the last chunk', 'Transfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n'],
  ])('when it %s, and who still listens hears so', async (_case, rest) => {
    const { socket, until, closed } = dial();
    socket.end(`POST / HTTP/1.1\r\nHost: x\r\n${rest}`);
    expect(await until(/body-incomplete/)).toMatch(/^HTTP\/1.1 400 /);
    await closed;
  });

  test('when its chunks are garbage', async () => {
    const { socket, until, closed } = dial();
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n');
    socket.write('zz\r\n');
    expect(await until(/body-incomplete/)).toMatch(/^HTTP\/1.1 400 /);
    socket.end();
    await closed;
  });

  test('when the client is gone in the middle', async () => {
    const problem = new Promise<ProblemError>((resolve) => (refused = resolve));
    const { socket } = dial();
    const arrived = once(server, 'request');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"a"');
    await arrived;
    socket.resetAndDestroy();
    expect(await problem).toMatchObject({ status: 400, code: 'body-incomplete' });
  });
});

describe('after an early refusal', () => {
  test('a client that sends the rest of its body goes on with the same connection', async () => {
    const { socket, until } = dial();
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${MAX_BYTES * 5}\r\n\r\n`);
    expect(await until(/body-too-large/)).toMatch(/^HTTP\/1.1 413 /);
    socket.write(Buffer.alloc(MAX_BYTES * 5));
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nnext');
    expect(await until(/next$/)).toContain('HTTP/1.1 200 OK');
    socket.destroy();
  });

  test('a client that never stops sending is heard for a megabyte or so, and has its answer when it is cut off', async () => {
    const { socket, until, closed } = dial();
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const part = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')]);
    let open = true;
    const send = () => {
      while (open && socket.write(part));
    };
    socket.on('drain', send).once('close', () => (open = false));
    send();
    expect(await until(/body-too-large/)).toMatch(/^HTTP\/1.1 413 /);
    await closed;
    expect((await accepted)[0].bytesRead).toBeLessThan(2 * 1_048_576);
  });

  test('a client that sends all before it listens hears the answer', async () => {
    const big = Buffer.alloc(900_000);
    expect(await post(big)).toMatchObject({ status: 413, body: 'body-too-large' });
    expect(await post([big], { 'content-encoding': 'compress' })).toMatchObject({ status: 415 });
  });
});
