import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { NO_FAULTS, readFaults, strike, type TradeFaults } from './faults.ts';
import { parseDecimals, readOrders, type Reasons } from './read-orders.ts';
import { openTradeStore, type TradeOrder, type TradeOrderInput, type TradeStore } from './trade-store.ts';

export interface TradeService {
  url: string;
  faults: TradeFaults;
  store: TradeStore;
  /** Bulk calls that came, and the most that were under way at once. */
  calls: { bulk: number; asked: number; most: number };
  close(): Promise<void>;
}

const LONGEST_BODY = 8_388_608;
const PATHS = 'POST /api/v1/tradeOrders/bulk, GET /api/v1/tradeOrders, GET /api/v1/executions/{id}, PUT /api/v1/executions/{id}/fill, GET and PUT /faults, GET /arrivals';

/**
 * A trade service to try submissions out, and for tests: it keeps its contract (a bulk call stores all or nothing, an orderId is there
 * once) in a table of its own, and misbehaves on demand. GET /arrivals tells how often each order came, and what became of it.
 * @param options.port 0 takes a free one
 * @param options.file where its table is kept; without one, in memory
 */
export async function startTradeService(options: { port?: number; host?: string; file?: string; faults?: Partial<TradeFaults>; random?: () => number } = {}): Promise<TradeService> {
  const { host = '127.0.0.1', random = Math.random } = options;
  const store = openTradeStore(options.file ?? ':memory:');
  const faults: TradeFaults = { ...NO_FAULTS, ...options.faults };
  const calls = { bulk: 0, asked: 0, most: 0 };
  const stopped = new AbortController();
  const pause = async () => {
    if (faults.latencyMs > 0) await sleep(faults.latencyMs, undefined, { signal: stopped.signal });
  };
  let underWay = 0;
  const bulk = async (req: IncomingMessage, res: ServerResponse) => {
    calls.bulk++;
    calls.most = Math.max(calls.most, ++underWay);
    try {
      const call = readOrders(await bodyOf(req));
      if (call === undefined) return send(res, 400, { status: 'FAILURE', message: 'tradeOrders must be an array of orders', results: [] });
      await pause();
      takeBulk(store, faults, call, res, random);
    } finally {
      underWay--;
    }
  };
  const ask = async (url: URL, res: ServerResponse) => {
    calls.asked++;
    await pause();
    if (random() < faults.askErrorShare) return send(res, faults.status, { message: 'a fault on demand' });
    const orderId = url.searchParams.get('order_id');
    send(res, 200, (orderId === null ? store.all() : store.find(Number(orderId))).map(wireOf));
  };
  const fill = async (id: number, req: IncomingMessage, res: ServerResponse) => {
    const { executionStatus = 'PART', quantityFilled = '0', version } = (await bodyOf(req)) as { executionStatus?: string; quantityFilled?: string; version?: number };
    store.execution(id);
    if (!store.fill(id, { executionStatus: String(executionStatus), quantityFilled: String(quantityFilled), version: Number(version) })) return send(res, 409, { message: 'another version' });
    send(res, 200, executionOf(store, id));
  };
  const serve = async (req: IncomingMessage, res: ServerResponse) => {
    const url = new URL(req.url ?? '/', 'http://trades');
    const route = `${req.method ?? ''} ${url.pathname}`;
    const execution = /^(GET|PUT) \/api\/v1\/executions\/(\d{1,15})(\/fill)?$/.exec(route);
    if (route === 'POST /api/v1/tradeOrders/bulk') return bulk(req, res);
    if (route === 'GET /api/v1/tradeOrders') return ask(url, res);
    if (execution?.[1] === 'GET' && execution[3] === undefined) return send(res, 200, executionOf(store, Number(execution[2])));
    if (execution?.[1] === 'PUT' && execution[3] !== undefined) return fill(Number(execution[2]), req, res);
    if (route === 'GET /arrivals') return send(res, 200, store.arrivals());
    if (route === 'GET /faults') return send(res, 200, faults);
    if (route === 'PUT /faults') return changeFaults(req, res, faults);
    send(res, 404, { message: PATHS });
  };
  const server = createServer((req, res) => {
    serve(req, res).catch((error: unknown) => {
      if (error instanceof SyntaxError) send(res, 400, { message: 'the body is not JSON' });
      else res.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port ?? 0, host, resolve));
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    faults, store, calls,
    async close() {
      stopped.abort();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      store.close();
    },
  };
}

/** One bulk call: what is stored, and what is answered. */
function takeBulk(store: TradeStore, faults: TradeFaults, { orders, reasons }: { orders: TradeOrderInput[]; reasons: Reasons }, res: ServerResponse, random: () => number): void {
  const fault = strike(faults, orders.map((o) => o.securityId), random);
  const struck = (order: TradeOrderInput) => order.securityId.startsWith(faults.prefix);
  const ids = orders.map((o) => o.orderId);
  if (fault === 'die-before' || fault === 'hang' || fault === 'error') {
    store.arrived(ids, 'lost');
    if (fault === 'die-before') res.destroy();
    if (fault === 'error') send(res, faults.status, { message: 'a fault on demand' });
    return;
  }
  if (fault === 'refuse' || fault === 'refuse-with-reasons') for (const [i, order] of orders.entries()) if (struck(order)) reasons.set(i, 'refused on demand');
  if (reasons.size > 0) {
    store.arrived(ids, 'refused');
    return refuse(res, orders, fault === 'refuse' ? undefined : reasons);
  }
  const outcome = store.insert(orders);
  if ('taken' in outcome) {
    const taken = new Set(outcome.taken);
    store.arrived(ids.filter((_, i) => taken.has(i)), 'duplicate');
    store.arrived(ids.filter((_, i) => !taken.has(i)), 'refused');
    return refuse(res, orders, new Map(outcome.taken.map((i) => [i, 'orderId is known already'])));
  }
  store.arrived(ids, 'accepted');
  if (fault === 'hang-after') return;
  if (fault === 'die-after') return void res.destroy();
  if (fault === 'error-after') return send(res, faults.status, { message: 'a fault on demand' });
  const results = outcome.stored.map((tradeOrder, requestIndex) => ({ requestIndex, status: 'SUCCESS', message: 'Trade order created', tradeOrder: wireOf(tradeOrder) }));
  const told = fault === 'drop' ? results.filter((_, i) => !struck(orders[i] as TradeOrderInput)) : fault === 'shuffle' ? shuffled(results, random) : results;
  const text = JSON.stringify({ status: 'SUCCESS', message: 'All trade orders created', totalRequested: orders.length, successful: orders.length, failed: 0, results: told });
  res.writeHead(201, { 'content-type': 'application/json' }).end(fault === 'broken-json' ? text.slice(0, text.length / 2) : text);
}

/** 400: nothing was stored. With reasons, each refused order is named by its place in the call. */
function refuse(res: ServerResponse, orders: readonly TradeOrderInput[], reasons: Reasons | undefined): void {
  const results = [...(reasons ?? [])].map(([requestIndex, message]) => ({ requestIndex, status: 'FAILURE', message, tradeOrder: null }));
  send(res, 400, { status: 'FAILURE', message: 'The call was refused', totalRequested: orders.length, successful: 0, failed: orders.length, results });
}

async function changeFaults(req: IncomingMessage, res: ServerResponse, faults: TradeFaults): Promise<void> {
  const body = await bodyOf(req);
  try {
    Object.assign(faults, readFaults(body));
  } catch (error) {
    return send(res, 400, { message: (error as Error).message });
  }
  send(res, 200, faults);
}

function wireOf({ quantity, limitPrice, ...order }: TradeOrder): Record<string, unknown> {
  return { ...order, quantity: Number(quantity), limitPrice: limitPrice === null ? null : Number(limitPrice) };
}

function executionOf(store: TradeStore, id: number): Record<string, unknown> {
  const { quantityFilled, ...execution } = store.execution(id);
  return { ...execution, quantityFilled: Number(quantityFilled) };
}

/** Fisher and Yates. */
function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const all = [...list];
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [all[i], all[j]] = [all[j] as T, all[i] as T];
  }
  return all;
}

function send(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(req: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const part of req.setEncoding('utf8')) {
    text += part as string;
    if (text.length > LONGEST_BODY) throw new Error('the body is too long');
  }
  return parseDecimals(text);
}
