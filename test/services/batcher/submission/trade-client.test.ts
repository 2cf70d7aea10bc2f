import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { startTradeService, type TradeService } from '../../../../bin/trade-service/trade-service.ts';
import { TradeClient, type TradeOrder } from '../../../../services/batcher/submission/trade-client.ts';
import { HttpPools } from '../../../../shared/http/http-pools.ts';
import { freePort } from '../../../../shared/runtime/servers/free-port.ts';
import { Breaker } from '../../../../shared/runtime/breaker.ts';

const LIMITS = { httpKeepAlive: 30_000, httpConnections: 1_000, httpConnectionsPerOrigin: 25 };
const order = (orderId: number): TradeOrder => ({ orderId, portfolioId: 'P'.padEnd(24, '0'), orderType: 'BUY', securityId: 'S'.padEnd(24, '0'), quantity: '1234567890.12345678', limitPrice: null, tradeTimestamp: '2026-01-02T03:04:05.000Z', blotterId: null });

let service: TradeService;
let pools: HttpPools;
beforeAll(async () => {
  service = await startTradeService();
  pools = new HttpPools(LIMITS);
});
afterAll(async () => {
  await pools.close();
  await service.close();
});
beforeEach(() => Object.assign(service.faults, { fault: 'none', times: -1, askErrorShare: 0 }));

function client(url: string, breaker = new Breaker({ failures: 100, cooldownMs: 1_000 }), now = () => 0, of = pools, responseMs = 5_000) {
  const seen: string[] = [];
  return { seen, calls: new TradeClient({ http: of.open(url, { connectMs: 1_000, responseMs }), breaker, now, signal: new AbortController().signal, onCall: (call, result) => seen.push(`${call} ${result}`), onRejection: () => seen.push('rejected') }) };
}

test('orders are stored with exactly their digits, and asked for by their id', async () => {
  const { calls, seen } = client(service.url);
  const reply = await calls.bulk([order(1), order(2)]);
  const ids = service.store.all().map((o) => o.id);
  expect(reply).toEqual({ reply: 'accepted', sent: new Map([[1, ids[0]], [2, ids[1]]]), unknown: [] });
  expect(service.store.find(1)).toMatchObject([{ quantity: '1234567890.12345678', limitPrice: null }]);
  expect([await calls.ask(2), await calls.ask(3)]).toEqual([{ answer: 'known', tradeOrderIds: [ids[1]] }, { answer: 'none' }]);
  expect(seen).toEqual(['bulk accepted', 'ask known', 'ask none']);
});

test.each(['die-before', 'die-after', 'error', 'error-after', 'broken-json'] as const)('F19 %s: the outcome is unknown, whatever became of it', async (fault) => {
  service.faults.fault = fault;
  expect(await client(service.url).calls.bulk([order(100 + service.calls.bulk)])).toMatchObject({ reply: 'unknown' });
});

test('an answer that does not come in time leaves the outcome unknown', async () => {
  service.faults.fault = 'hang-after';
  const short = new HttpPools(LIMITS);
  const { calls } = client(service.url, undefined, undefined, short, 100);
  expect(await calls.bulk([order(900)])).toMatchObject({ reply: 'unknown' });
  expect(service.store.find(900)).toHaveLength(1);
  await short.close();
});

test('a connection that is refused has sent nothing, and is told as that; one that is cut has perhaps', async () => {
  const refused = await client(`http://127.0.0.1:${await freePort()}`, undefined, undefined, new HttpPools(LIMITS)).calls.bulk([order(1)]);
  expect(refused).toMatchObject({ reply: 'not-sent', why: 'ECONNREFUSED' });
  const cutter = net.createServer((socket) => socket.once('data', () => socket.destroy())).listen(0, '127.0.0.1');
  await new Promise((resolve) => cutter.once('listening', resolve));
  const own = new HttpPools(LIMITS);
  expect(await client(`http://127.0.0.1:${(cutter.address() as AddressInfo).port}`, undefined, undefined, own).calls.bulk([order(1)])).toMatchObject({ reply: 'unknown' });
  await own.close();
  cutter.close();
});

test('F31 the breaker opens after failures in a row, sends nothing while it is open, lets one probe through, and closes with its answer', async () => {
  let time = 0;
  const { calls, seen } = client(service.url, new Breaker({ failures: 2, cooldownMs: 1_000 }), () => time, new HttpPools(LIMITS));
  service.faults.fault = 'error';
  await calls.bulk([order(501)]);
  await calls.bulk([order(502)]);
  const before = service.calls.bulk;
  expect(await calls.bulk([order(503)])).toEqual({ reply: 'not-sent', why: 'breaker' });
  expect([service.calls.bulk - before, calls.pauseMs()]).toEqual([0, 1_000]);
  service.faults.fault = 'none';
  time = 1_000;
  const [probe, other] = await Promise.all([calls.ask(501), calls.ask(501)]);
  expect([probe, other]).toEqual([{ answer: 'none' }, { answer: 'unavailable', why: 'breaker' }]);
  expect(await calls.bulk([order(503)])).toMatchObject({ reply: 'accepted' });
  expect(seen.filter((s) => s === 'rejected')).toHaveLength(2);
});

test('calls share kept connections: never more than the origin may have, and never more than all may have', async () => {
  const own = new HttpPools({ ...LIMITS, httpConnections: 4, httpConnectionsPerOrigin: 3 });
  let open = 0;
  let most = 0;
  const server = net.createServer((socket) => {
    most = Math.max(most, ++open);
    socket.on('close', () => open--).on('error', () => undefined);
    socket.on('data', () => setTimeout(() => socket.writable && socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]'), 5));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { calls } = client(url, undefined, undefined, own);
  await Promise.all(Array.from({ length: 20 }, (_, i) => calls.ask(i + 1)));
  expect([most, own.open('http://127.0.0.2:9', { connectMs: 1, responseMs: 1 }).connections]).toEqual([3, 1]);
  expect(() => own.open('http://127.0.0.3:9', { connectMs: 1, responseMs: 1 })).toThrow(/HTTP_CONNECTIONS/);
  await own.close();
  server.close();
});
