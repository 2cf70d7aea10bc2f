import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { leaveBody } from '../../../../services/gateway/body/leave-body.ts';
import { RawConnection } from '../../../helpers/http.ts';

let server: Server;
beforeEach(async () => {
  server = createServer((req, res) => {
    if (leaveBody(req)) res.setHeader('Connection', 'close');
    expect(leaveBody(req)).toBe(res.getHeader('Connection') === 'close');
    res.setHeader('Content-Length', '7').end('refused');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const dial = () => RawConnection.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')]);

test.each([
  ['in chunks, without an end', 'Transfer-Encoding: chunked', chunk],
  ['of more than is listened to', 'Content-Length: 4000000', Buffer.alloc(900_000)],
])('a body %s: the answer says that the connection ends, is heard, and the connection ends, not with a reset', async (_what, header, body) => {
  const connection = await dial();
  connection.request(['POST / HTTP/1.1', header], body);
  expect(await connection.answer()).toMatchObject({ text: 'refused', headers: { connection: 'close' } });
  // What is still sent is taken; a connection that was reset would have failed here.
  connection.write(header.startsWith('Transfer') ? chunk : Buffer.alloc(50_000));
  await connection.closedByServer();
  connection.close();
});

test('a short body that is known to come: the connection goes on', async () => {
  const connection = await dial();
  connection.request(['POST / HTTP/1.1', 'Content-Length: 100000'], Buffer.alloc(10_000));
  expect((await connection.answer()).headers.connection).not.toBe('close');
  connection.write(Buffer.alloc(90_000));
  connection.request(['GET / HTTP/1.1']);
  expect(await connection.answer()).toMatchObject({ text: 'refused' });
  connection.close();
});
