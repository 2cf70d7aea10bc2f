import { connect, type Socket } from 'node:net';
import type { Server } from 'node:http';
import { once } from 'node:events';
import { batchText, executionText } from '../helpers/executions.ts';
import { RawConnection, send } from '../helpers/http.ts';
import { metric } from '../helpers/metric.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const POST = ['POST /api/v1/executions/batch HTTP/1.1', 'Content-Type: application/json'];
const MB = 1_048_576;
const SETTINGS = { maxConnections: 60, bodiesMaxBytes: 4 * MB, answersMaxBytes: 24 * MB, answerDeadline: 2_000, requestDeadline: 60_000 };

describe('clients that misbehave take nothing from the others', () => {
  let system: TestSystem;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    system = await startSystem({ writers: 1, settings: SETTINGS });
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await letGo();
  });
  afterAll(() => system.stop());

  /** Waits until nothing of a client is left: no connection but the test's own, no body, no answer, no request. */
  async function letGo(): Promise<void> {
    const names = ['gateway_bodies_bytes', 'gateway_answers_bytes', 'batcher_requests_active', 'batcher_requests_bytes', 'batcher_waiting_items'];
    await waitFor(async () => (await Promise.all(names.map((name) => metric(system.url, name)))).every((value) => value === 0), { timeoutMs: 20_000, what: 'nothing to be left of clients that are gone' });
    await waitFor(async () => (await connections()) <= names.length, { timeoutMs: 20_000, what: 'the connections of clients that are gone to be closed' });
  }
  const connections = () => new Promise<number>((resolve, reject) => server().getConnections((error, count) => (error === null ? resolve(count) : reject(error))));
  const server = () => (system.edge.broker.getLocalService('gateway') as unknown as { server: Server }).server;

  /** A connection that sends this and reads nothing. */
  async function open(text: string): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(system.url).port) });
    socket.on('error', () => undefined); // being closed by the server is what happens to these
    socket.pause();
    sockets.push(socket);
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  }
  const many = (count: number, text: string) => Promise.all(Array.from({ length: count }, () => open(text)));
  const good = batchText([executionText(), executionText()]);
  const head = (length: number) => `${[...POST, `Content-Length: ${length}`, 'Host: sluice.test'].join('\r\n')}\r\n\r\n`;
  /** A good client, on a connection of its own. */
  async function served(): Promise<boolean> {
    const connection = await RawConnection.open(system.url);
    try {
      connection.request([...POST, `Content-Length: ${good.length}`], good);
      return (await connection.answer()).status === 201;
    } finally {
      connection.close();
    }
  }
  const othersAreServed = () => waitFor(served, { timeoutMs: 20_000, what: 'a good client to be served' });

  test('F41 slow senders: their bodies fill no more than the bound, and the slowest give way to who sends at once', async () => {
    const slow = await many(30, head(8 * MB) + ' '.repeat(MB / 4));
    const trickle = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write(' ');
    }, 100);
    try {
      await waitFor(async () => (await metric(system.url, 'gateway_bodies_bytes')) > SETTINGS.bodiesMaxBytes / 2, { what: 'the slow bodies to fill the room' });
      await othersAreServed();
      // Large enough that it fits only if others go.
      const large = batchText(Array.from({ length: 4_000 }, () => executionText({ securityId: `"${'A'.repeat(24)}"` })));
      await waitFor(async () => (await send(system.url, 'POST', '/api/v1/executions/batch', large)).status === 201, { timeoutMs: 20_000, what: 'a large body to be taken' });
      expect(await metric(system.url, 'gateway_bodies_bytes')).toBeLessThanOrEqual(SETTINGS.bodiesMaxBytes);
      expect(await metric(system.url, 'gateway_refusals_total', { reason: 'slow-sender' })).toBeGreaterThan(0);
    } finally {
      clearInterval(trickle);
    }
  });

  test('slow senders that announce much and send little keep nobody out', async () => {
    await many(40, head(8 * MB));
    await othersAreServed();
    expect((await metric(system.url, 'gateway_bodies_bytes'))).toBe(0);
  });

  test('F41 slow readers: answers that nobody reads are bounded in bytes and in time, and others read theirs', async () => {
    const closed = (reason: string) => metric(system.url, 'gateway_connections_closed_total', { reason });
    const asks = 'GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: sluice.test\r\n\r\n'.repeat(12); // 1.5 MB each: far more than the kernel takes for a connection
    await many(1, asks);
    await waitFor(async () => (await closed('slow-reader')) === 1, { timeoutMs: 20_000, what: 'who does not read to lose its connection' });
    await many(8, asks);
    await waitFor(async () => (await closed('answers-full')) > 0, { what: 'the answer that has waited longest to give way' });
    expect(await metric(system.url, 'gateway_answers_bytes')).toBeLessThanOrEqual(SETTINGS.answersMaxBytes);
    await othersAreServed();
    await waitFor(async () => (await closed('slow-reader')) + (await closed('answers-full')) === 9, { timeoutMs: 20_000, what: 'all who do not read to lose their connections' });
    expect((await send(system.url, 'GET', '/docs/swagger-ui-bundle.js')).text.length).toBeGreaterThan(MB);
  });

  test('idle connections: beyond the bound the one that idles longest is closed, never one at work', async () => {
    const atWork = await open(head(good.length) + good.slice(0, 10));
    await many(120, '');
    await many(60, 'GET /health/live HTTP/1.1\r\nHost: sluice.test\r\n\r\n');
    await many(60, 'POST /api/v1/executions HTTP/1.1\r\nHost: sl');
    await othersAreServed();
    await waitFor(async () => (await connections()) <= SETTINGS.maxConnections, { what: 'connections to be within their bound' });
    expect(await metric(system.url, 'gateway_connections_closed_total', { reason: 'idle' })).toBeGreaterThan(0);
    const answer = once(atWork, 'data') as Promise<[Buffer]>;
    atWork.resume();
    atWork.write(good.slice(10));
    expect(String((await answer)[0])).toMatch(/^HTTP\/1\.1 201 /);
  });

  test('clients that vanish within their body or before their answer leave nothing behind', async () => {
    const within = await many(20, head(8 * MB) + ' '.repeat(50_000));
    const before = await many(20, head(good.length) + good);
    await waitFor(async () => (await metric(system.url, 'gateway_bodies_bytes')) > 0, { what: 'bodies to be on their way' });
    for (const socket of [...within, ...before]) socket.destroy();
    await othersAreServed();
    await letGo();
  });
});
