import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { closeServer, tuneServer } from '../../../../services/gateway/http/server.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

const LONG_MS = 60_000;
let server: Server;
let agent: Agent;
let port: number;
/** Requests that were taken in, to be answered by the test. */
let taken: ServerResponse[];

beforeEach(async () => {
  taken = [];
  agent = new Agent({ keepAlive: true });
  server = createServer((_req: IncomingMessage, res: ServerResponse) => void taken.push(res));
  tuneServer(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterEach(() => {
  agent.destroy();
  server.closeAllConnections();
  server.close();
});

/** Sends a request's head and a part of its body; the rest comes with `end`. */
const begin = (path: string) => {
  const sent = request({ port, path, method: 'POST', agent });
  const status = once(sent, 'response').then(([response]: IncomingMessage[]) => {
    response?.resume();
    return response?.statusCode;
  });
  sent.write('{');
  return { sent, status };
};
const hasTaken = (n: number) => waitFor(() => taken.length === n, { what: `${n} requests to be taken in` });

test('a server that closes waits until what it took in is answered, also where the body is still to come', async () => {
  const { sent, status } = begin('/api/v1/executions');
  await hasTaken(1);
  let closed = false;
  const closing = closeServer(server, LONG_MS).then(() => (closed = true));
  await expect(once(connect(port), 'connect')).rejects.toThrow(); // nothing new is taken
  expect(closed).toBe(false);
  sent.end('}');
  taken[0]?.writeHead(201).end();
  await closing;
  await expect(status).resolves.toBe(201);
});

test('connections that idle, say nothing, or whose client has gone hold it up no longer', async () => {
  const answered = begin('/api/v1/executions');
  answered.sent.end('}');
  await hasTaken(1);
  taken[0]?.writeHead(201).end();
  await answered.status;
  await once(connect(port), 'connect');
  const gone = begin('/api/v1/executions');
  gone.status.catch(() => undefined);
  await hasTaken(2);
  gone.sent.on('error', () => undefined).destroy();
  await closeServer(server, LONG_MS);
});

test('uploads, which may take hours, are not waited for; nor is anything beyond the time that is given', async () => {
  begin('/api/v1/batches/executions').status.catch(() => undefined);
  await hasTaken(1);
  await closeServer(server, LONG_MS);
});

test('what has no answer by then is left', async () => {
  begin('/api/v1/executions').status.catch(() => undefined);
  await hasTaken(1);
  await closeServer(server, 50);
  expect(taken[0]?.writableEnded).toBe(false);
});
