import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type OutgoingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Call } from '../../../../services/gateway/http/call.ts';
import { takeBody } from '../../../../services/gateway/write/take-body.ts';
import { overloaded } from '../../../../shared/errors/overloaded.ts';
import { ProblemError } from '../../../../shared/errors/problem.ts';
import type { GateKeeper } from '../../../../shared/runtime/intake-gate.ts';

const MAX = 10_000;
let server: Server;
let entered: [bytes: number | undefined, deadlineMs: number][];
let inside: number;
let full: boolean;
const gate: GateKeeper = {
  enter(bytes, deadlineMs) {
    entered.push([bytes, deadlineMs]);
    if (full) throw overloaded(7);
    inside++;
    return () => inside--;
  },
};

beforeEach(async () => {
  entered = [];
  inside = 0;
  full = false;
  server = createServer((req, res) => {
    takeBody({ req, deadlineAt: performance.now() + 5_000 } as unknown as Call, MAX, gate).then(
      (body) => res.end(`${body.length} bytes, ${inside} inside`),
      (problem: unknown) => {
        if (!(problem instanceof ProblemError)) throw problem;
        res.writeHead(problem.status, problem.headers).end(`${problem.code}, ${inside} inside`);
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function post(body: string, headers: OutgoingHttpHeaders): Promise<{ status: number | undefined; text: string; headers: NodeJS.Dict<string | string[]> }> {
  const req = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', method: 'POST', headers, agent: false });
  req.on('error', () => undefined); // the answer may come before all is sent
  const answered = once(req, 'response') as Promise<[IncomingMessage]>;
  req.end(body);
  const [res] = await answered;
  let text = '';
  for await (const part of res) text += String(part);
  return { status: res.statusCode, text, headers: res.headers };
}

test('the gate is told how long the body is, where its head says so, and what is left of the time; it is left when the body is there', async () => {
  expect(await post('x'.repeat(300), { 'Content-Length': 300 })).toMatchObject({ status: 200, text: '300 bytes, 0 inside' });
  expect(await post('x'.repeat(300), { 'Transfer-Encoding': 'chunked' })).toMatchObject({ status: 200, text: '300 bytes, 0 inside' });
  expect(entered.map(([bytes]) => bytes)).toEqual([300, undefined]);
  for (const [, deadlineMs] of entered) expect(deadlineMs > 0 && deadlineMs <= 5_000).toBe(true);
});

test('where there is no room the answer is 503 with Retry-After, and the body is not waited for', async () => {
  full = true;
  expect(await post('x'.repeat(300), { 'Content-Length': 5_000 })).toMatchObject({ status: 503, text: 'overloaded, 0 inside', headers: { 'retry-after': '7' } });
});

test('a body that is refused leaves the gate too', async () => {
  expect(await post('x'.repeat(MAX + 1), { 'Transfer-Encoding': 'chunked' })).toMatchObject({ status: 413, text: 'body-too-large, 0 inside' });
  expect(await post('x', { 'Content-Encoding': 'gzip' })).toMatchObject({ status: 400, text: 'invalid-content-encoding, 0 inside' });
});
