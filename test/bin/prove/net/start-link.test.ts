import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { OwnedLink } from '../../../../bin/prove/net/link.ts';
import { startLink } from '../../../../bin/prove/net/start-link.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

/** One end of a connection, with what it was told so far. */
interface End {
  socket: Socket;
  text: string;
  ended: boolean;
  error: string | undefined;
}

describe('a link', () => {
  let server: Server;
  let link: OwnedLink;
  let arrived: End[];
  const clients: End[] = [];

  beforeEach(async () => {
    arrived = [];
    server = createServer({ allowHalfOpen: true }, (socket) => arrived.push(watch(socket)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    link = await startLink({ name: 'writer-1->postgres', from: 'writer-1', to: 'postgres', target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } });
  });
  afterEach(async () => {
    for (const { socket } of [...clients.splice(0), ...arrived]) socket.destroy();
    await link.close();
    await new Promise((resolve) => server.close(resolve));
  });

  /** A client that has got through, and its other end. */
  const open = async (): Promise<{ client: End; other: End }> => {
    const client = connectClient();
    client.socket.write('hello ');
    const before = arrived.length;
    await waitFor(() => arrived[before]?.text === 'hello ', { what: 'the greeting to arrive' });
    return { client, other: arrived[before] as End };
  };
  const connectClient = (): End => {
    const client = watch(connect({ port: link.port, host: '127.0.0.1', allowHalfOpen: true }));
    clients.push(client);
    return client;
  };

  test('passes on what is sent, both ways, and the end of each side', async () => {
    const { client, other } = await open();
    other.socket.end('good day');
    await waitFor(() => client.text === 'good day' && client.ended, { what: 'the answer and the end' });
    client.socket.end('bye');
    await waitFor(() => other.text === 'hello bye' && other.ended, { what: 'the rest, after the other side ended' });
    await waitFor(() => link.connections === 0, { what: 'the connection to be forgotten' });
  });

  test('passes on more than fits into a buffer, whole and in order', async () => {
    const { client, other } = await open();
    const long = Array.from({ length: 2_000_000 }, (_, i) => i % 10).join('');
    for (let at = 0; at < long.length; at += 100_000) other.socket.write(long.slice(at, at + 100_000));
    await waitFor(() => client.text.length === long.length, { what: 'all of it' });
    expect(client.text === long).toBe(true);
  });

  test('cut ends standing connections and lets no new one through, until it is mended', async () => {
    const { client, other } = await open();
    link.cut();
    await waitFor(() => client.socket.destroyed || client.ended, { what: 'the client to see the end' });
    await waitFor(() => other.ended || other.error !== undefined, { what: 'the server to see the end' });
    const refused = connectClient();
    await waitFor(() => refused.error === 'ECONNRESET', { what: 'the new connection to be reset' });
    expect(arrived).toHaveLength(1);
    link.mend();
    await open();
  });

  test('delayed by an hour nothing arrives; mended, all of it does, in order', async () => {
    const { client, other } = await open();
    link.delay(3_600_000);
    other.socket.write('one ');
    client.socket.write('two ');
    const still = connectClient();
    still.socket.write('three ');
    await waitFor(() => arrived.length === 2, { what: 'the second connection' });
    expect([client.text, other.text, arrived[1]?.text]).toEqual(['', 'hello ', '']);
    link.mend();
    other.socket.write('four');
    await waitFor(() => client.text === 'one four' && other.text === 'hello two ' && arrived[1]?.text === 'three ', { what: 'all that was held up' });
  });

  test('a delay that grows smaller lets nothing overtake', async () => {
    const { client, other } = await open();
    link.delay(80);
    other.socket.write('a');
    link.delay(20);
    for (const word of ['b', 'c']) other.socket.write(word);
    await waitFor(() => client.text === 'abc', { what: 'the pieces in order' });
  });

  test('delayed one way, the other is as quick as ever', async () => {
    const { client, other } = await open();
    link.delay(3_600_000, 'back');
    client.socket.write('there');
    await waitFor(() => other.text === 'hello there', { what: 'what goes there' });
    other.socket.write('back');
    client.socket.write('.');
    await waitFor(() => other.text === 'hello there.', { what: 'what goes there' });
    expect(client.text).toBe('');
  });

  test('halved, one direction flows and the other is kept back, ends and resets too', async () => {
    const { client, other } = await open();
    link.halve('there');
    client.socket.write('lost? ');
    other.socket.write('answer');
    await waitFor(() => client.text === 'answer', { what: 'the direction that flows' });
    client.socket.resetAndDestroy();
    const second = connectClient();
    second.socket.write('new');
    await waitFor(() => arrived.length === 2, { what: 'a new connection, which is made' });
    expect([other.text, other.error, arrived[1]?.text]).toEqual(['hello ', undefined, '']);
    link.mend();
    await waitFor(() => arrived[1]?.text === 'new', { what: 'what was kept back' });
    await waitFor(() => other.error === 'ECONNRESET', { what: 'the reset that was kept back' });
  });

  test('reset breaks standing connections on both sides, and welcomes new ones', async () => {
    const { client, other } = await open();
    link.reset();
    await waitFor(() => client.error === 'ECONNRESET' && other.error === 'ECONNRESET', { what: 'both sides to see the reset' });
    await open();
  });

  test('a server that breaks off, or is not there, is seen as such by the client', async () => {
    const { client, other } = await open();
    other.socket.resetAndDestroy();
    await waitFor(() => client.error === 'ECONNRESET', { what: 'the client to see the reset' });
    await new Promise((resolve) => server.close(resolve));
    const refused = connectClient();
    await waitFor(() => refused.error === 'ECONNRESET', { what: 'the client to see that nobody is there' });
  });

  test('a rewriter sees each new connection from its first byte, and standing ones are reset', async () => {
    const { client } = await open();
    link.rewrite(() => ({ there: (data) => Buffer.from(data.toString().toUpperCase()), back: (data) => data }));
    await waitFor(() => client.error === 'ECONNRESET', { what: 'the standing connection to be reset' });
    connectClient().socket.write('loud');
    await waitFor(() => arrived[1]?.text === 'LOUD', { what: 'the rewritten bytes' });
    link.mend();
    connectClient().socket.write('soft');
    await waitFor(() => arrived[2]?.text === 'soft', { what: 'bytes as they were sent' });
  });

  test('a port that is taken is told', async () => {
    await expect(startLink({ name: 'x', from: 'x', to: 'nats', target: { host: '127.0.0.1', port: 1 }, port: link.port })).rejects.toThrow('EADDRINUSE');
  });
});

function watch(socket: Socket): End {
  const end: End = { socket, text: '', ended: false, error: undefined };
  socket.setEncoding('utf8');
  socket.on('data', (text) => (end.text += String(text)));
  socket.on('end', () => (end.ended = true));
  socket.on('error', (error: NodeJS.ErrnoException) => (end.error = error.code));
  return end;
}
