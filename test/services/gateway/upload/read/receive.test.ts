import { createServer, request, type ClientRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { receive } from '../../../../../services/gateway/upload/read/receive.ts';
import { waitFor } from '../../../../helpers/wait-for.ts';

let server: Server;
let onRequest: (req: IncomingMessage) => void;
let sender: ClientRequest;

/** A request under way, as its server sees it; the sender has sent its head. */
async function underWay(): Promise<IncomingMessage> {
  const arrived = new Promise<IncomingMessage>((resolve) => (onRequest = resolve));
  sender = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', method: 'POST', headers: { 'transfer-encoding': 'chunked' } });
  sender.on('error', () => undefined);
  sender.flushHeaders();
  return arrived;
}

beforeAll(async () => {
  server = createServer((req) => onRequest(req));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => sender.destroy());
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const LONG_MS = 60_000;
const SHORT_MS = 50;
/** So much has come that nothing need be waited for. */
const has = (req: IncomingMessage, bytes: number) => waitFor(() => req.readableLength >= bytes, { timeoutMs: 15_000, what: 'the bytes to come' });

test('gives the body piece by piece, to its end', async () => {
  const req = await underWay();
  const body = receive(req, LONG_MS);
  sender.write('one');
  expect(String((await body.next()).value)).toBe('one');
  sender.end('two');
  expect(String((await body.next()).value)).toBe('two');
  expect((await body.next()).done).toBe(true);
});

test('a sender that is silent while something is waited for is told so, and its request lives on', async () => {
  const req = await underWay();
  const body = receive(req, SHORT_MS);
  sender.write('one');
  await has(req, 3);
  await body.next();
  await expect(body.next()).rejects.toMatchObject({ status: 408, code: 'upload-idle' });
  expect(req.destroyed).toBe(false);
  const rest = new Promise<string>((resolve) => req.once('data', (part: Buffer) => resolve(String(part))));
  sender.write('later');
  expect(await rest).toBe('later');
});

test('as long as nothing is asked for, silence does not count', async () => {
  const req = await underWay();
  const body = receive(req, SHORT_MS);
  sender.write('one');
  await has(req, 3);
  await body.next();
  await sleep(SHORT_MS * 4); // longer than a sender may be silent
  sender.write('two');
  await has(req, 3);
  expect(String((await body.next()).value)).toBe('two');
});

test('a connection that breaks is 400, also while nothing is asked for', async () => {
  const req = await underWay();
  const body = receive(req, LONG_MS);
  sender.write('one');
  await body.next();
  const waiting = body.next();
  sender.destroy();
  await expect(waiting).rejects.toMatchObject({ status: 400, code: 'body-incomplete' });

  const second = await underWay();
  const later = receive(second, LONG_MS);
  sender.write('one');
  await later.next();
  const closed = new Promise((resolve) => second.once('close', resolve));
  sender.destroy();
  await closed;
  await expect(later.next()).rejects.toMatchObject({ status: 400, code: 'body-incomplete' });
});
