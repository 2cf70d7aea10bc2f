import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { boundConnections, type Connections } from '../../../../services/gateway/http/connections.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
let server: Server;
let connections: Connections;
let closed: string[];
/** Answers that are owed, in the order of their requests. */
let owed: ServerResponse[];
const clients: Socket[] = [];

beforeEach(async () => {
  closed = [];
  owed = [];
  server = createServer((_req, res) => owed.push(res));
  connections = boundConnections(server, 2, (reason) => closed.push(reason));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** A client that the server knows of, unless it is to be turned away. */
async function client(known = true): Promise<Socket> {
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  socket.on('error', () => undefined).resume();
  clients.push(socket);
  const accepted = once(server, 'connection');
  await once(socket, 'connect');
  await accepted;
  if (known) expect(connections.open).toBeGreaterThan(0);
  return socket;
}
const requests = (count: number) => waitFor(() => owed.length === count, { what: `${count} requests in work` });
const gone = (socket: Socket) => (socket.closed ? Promise.resolve() : once(socket, 'close').then(() => undefined));

test('one too many closes the connection that has idled longest', async () => {
  const [first, second] = [await client(), await client()];
  expect([connections.open, connections.idle]).toEqual([2, 2]);
  first.write(REQUEST);
  await requests(1);
  owed[0]?.end();
  // The first has idled for a shorter time now than the second.
  await waitFor(() => connections.idle === 2, { what: 'the first to idle again' });
  await client();
  await gone(second);
  expect([first.destroyed, closed]).toEqual([false, ['idle']]);
  await waitFor(() => connections.open === 2, { what: 'the closed one to be counted off' });
});

test('where all have requests in work the newcomer is closed, and those go on', async () => {
  const busy = [await client(), await client()];
  for (const socket of busy) socket.write(REQUEST);
  await requests(2);
  await gone(await client(false));
  expect([connections.open, connections.idle, closed]).toEqual([2, 0, ['full']]);
  expect(busy.map(({ destroyed }) => destroyed)).toEqual([false, false]);
});

test('a client that sends requests ahead does not idle before the last of them is answered', async () => {
  const [ahead, other] = [await client(), await client()];
  ahead.write(REQUEST.repeat(2));
  other.write(REQUEST);
  await requests(3);
  const answered = once(owed[0] as ServerResponse, 'finish');
  owed[0]?.end();
  await answered;
  expect(connections.idle).toBe(0);
  await gone(await client(false));
  expect([ahead.destroyed, closed]).toEqual([false, ['full']]);
  const [, second, third] = owed;
  second?.end();
  third?.end();
  await waitFor(() => connections.idle === 2, { what: 'both to idle' });
});
