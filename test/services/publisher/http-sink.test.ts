import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createDatabase, type TestDatabase } from '../../helpers/database.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { LedgerWriter } from './helpers/ledger.ts';
import { relaySettings, startRelay, type TestRelay } from './helpers/relay.ts';

const SINK = 'http:trade-service';

/** A trade service that keeps what it is told of each execution, and answers as `answer` says. */
class TradeService {
  readonly told = new Map<number, unknown[]>();
  answer: (id: number, method: string) => number = () => 200;
  /** Ids whose GET is answered without an end; and how many such answers were broken off by who asked. */
  readonly endless = new Set<number>();
  brokenOff = 0;
  #server: Server | undefined;

  async listen(port = 0): Promise<number> {
    this.#server = createServer((request, response) => {
      const id = Number(/executions\/(\d+)/.exec(request.url ?? '')?.[1] ?? 0);
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        const status = this.answer(id, request.method ?? '');
        if (request.method === 'PUT' && status === 200) this.told.set(id, [...(this.told.get(id) ?? []), { path: request.url, ...(JSON.parse(body) as object) }]);
        if (request.method === 'GET' && this.endless.has(id)) return void this.#withoutEnd(response);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ id, version: 41 }));
      });
    });
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  #withoutEnd(response: ServerResponse): void {
    const more = () => {
      while (!response.destroyed && response.write(' '.repeat(65_536)));
    };
    response.on('drain', more).on('close', () => this.brokenOff++);
    more();
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

let database: TestDatabase;
let ledger: LedgerWriter;
let service: TradeService;
let relay: TestRelay | undefined;

beforeEach(async () => {
  database = await createDatabase();
  ledger = new LedgerWriter(database.url, 32);
  service = new TradeService();
  await ledger.insert('', 1_024, 10);
  await ledger.pool.query(`update ledger set state = 'none'`);
});
afterEach(async () => {
  await relay?.stop();
  await service.close();
  await ledger.close();
  await database.drop();
});

const start = async (port: number) => (relay = await startRelay(relaySettings(database.url, { kafkaBrokers: '', tradeServiceUrl: `http://127.0.0.1:${port}` })));

test('tells the trade service of a fill, with its own version and exact digits', async () => {
  await start(await service.listen());
  await ledger.update([SINK], 1_025);
  await waitFor(() => ledger.isDone(SINK), { what: 'the call' });
  expect(service.told.get(1_025)).toEqual([{ path: '/api/v1/executions/1025/fill', executionStatus: 'NEW', quantityFilled: 1, version: 41 }]);
});

test('an answer of 4xx delays that record only, and is counted', async () => {
  let refuse = true;
  service.answer = (id) => (refuse && id === 1_026 ? 404 : 200);
  await start(await service.listen());
  for (let id = 1_025; id < 1_030; id++) await ledger.update([SINK], id);
  await waitFor(async () => (await ledger.sum(SINK)).attempts >= 2 && (await ledger.sum(SINK)).delivered === 4, { what: 'the others, and two refusals' });
  refuse = false;
  await waitFor(() => ledger.isDone(SINK), { what: 'the refused one' });
  expect([...service.told.keys()].sort()).toEqual([1_025, 1_026, 1_027, 1_028, 1_029]);
});

test('an answer without an end is not read beyond its bound: it delays that record only, and is counted', async () => {
  service.endless.add(1_026);
  await start(await service.listen());
  for (let id = 1_025; id < 1_030; id++) await ledger.update([SINK], id);
  await waitFor(async () => (await ledger.sum(SINK)).attempts >= 2 && (await ledger.sum(SINK)).delivered === 4, { what: 'the others, and two refusals' });
  expect(service.brokenOff).toBeGreaterThanOrEqual(2);
  service.endless.clear();
  await waitFor(() => ledger.isDone(SINK), { what: 'the one that was answered without an end' });
});

test('a service that is away costs no tries; it is told when it is back', async () => {
  const port = await service.listen();
  await service.close();
  const { node } = await start(port);
  await ledger.update([SINK], 1_025);
  await waitFor(async () => (await node.health.read()).parts.delivery?.why?.includes('http:trade-service does not answer'), { what: 'the reason in health' });
  await service.listen(port);
  await waitFor(() => ledger.isDone(SINK), { what: 'the call' });
  await expect(ledger.sum(SINK)).resolves.toMatchObject({ delivered: 1, attempts: 0 });
});
