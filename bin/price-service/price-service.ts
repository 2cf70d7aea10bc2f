import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How the service misbehaves; changed while it runs by PUT /faults. */
export interface PriceFaults {
  /** Before each answer. */
  latencyMs: number;
  /** Share of the requests that are answered with `status`. */
  errorShare: number;
  status: number;
  /** Share of the requests that are never answered. */
  hangShare: number;
  /** Only for securities that begin with this. */
  prefix: string;
}

export interface PriceService {
  url: string;
  faults: PriceFaults;
  /** How often each Idempotency-Key was asked for, from the start. */
  asked: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

const NO_FAULTS: PriceFaults = { latencyMs: 0, errorShare: 0, status: 503, hangShare: 0, prefix: '' };
const LONGEST_BODY = 10_000;

/**
 * A price service to try revaluations out, and for tests: GET /prices/{securityId} answers the same price for the same security,
 * always; GET and PUT /faults tell and change how it misbehaves; GET /asked tells how often each Idempotency-Key was asked for.
 * @param port 0 takes a free one
 */
export async function startPriceService(options: { port?: number; host?: string; faults?: Partial<PriceFaults>; random?: () => number } = {}): Promise<PriceService> {
  const { host = '127.0.0.1', random = Math.random } = options;
  const faults: PriceFaults = { ...NO_FAULTS, ...options.faults };
  const asked = new Map<string, number>();
  const stopped = new AbortController();
  const answerPrice = async (securityId: string, req: IncomingMessage, res: ServerResponse) => {
    const key = req.headers['idempotency-key'];
    if (typeof key === 'string') asked.set(key, (asked.get(key) ?? 0) + 1);
    const struck = securityId.startsWith(faults.prefix);
    const chance = random();
    if (struck && faults.latencyMs > 0) await sleep(faults.latencyMs, undefined, { signal: stopped.signal });
    if (struck && chance < faults.hangShare) return;
    if (struck && chance < faults.hangShare + faults.errorShare) return send(res, faults.status, { error: 'a fault on demand' });
    send(res, 200, { securityId, price: priceOf(securityId) });
  };
  const serve = async (req: IncomingMessage, res: ServerResponse) => {
    const { pathname } = new URL(req.url ?? '/', 'http://prices');
    const security = /^\/prices\/([^/]{1,200})$/.exec(pathname)?.[1];
    if (req.method === 'GET' && security !== undefined) return answerPrice(decodeURIComponent(security), req, res);
    if (req.method === 'PUT' && pathname === '/faults') Object.assign(faults, NO_FAULTS, await bodyOf(req));
    if ((req.method === 'GET' || req.method === 'PUT') && pathname === '/faults') return send(res, 200, faults);
    if (req.method === 'GET' && pathname === '/asked') return send(res, 200, Object.fromEntries(asked));
    send(res, 404, { error: 'GET /prices/{securityId}, GET and PUT /faults, GET /asked' });
  };
  const server = createServer((req, res) => void serve(req, res).catch(() => res.destroy()));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port ?? 0, host, resolve));
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    faults,
    asked,
    async close() {
      stopped.abort();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** From 1 to 1,000, with at most two digits behind the point. */
function priceOf(securityId: string): number {
  const cents = 100 + (createHash('sha256').update(securityId).digest().readUInt32BE() % 99_901);
  return cents / 100;
}

function send(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(req: IncomingMessage): Promise<Partial<PriceFaults>> {
  let text = '';
  for await (const part of req.setEncoding('utf8')) {
    text += part as string;
    if (text.length > LONGEST_BODY) throw new Error('the body is too long');
  }
  const given = JSON.parse(text) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(given).filter(([name, value]) => typeof value === typeof NO_FAULTS[name as keyof PriceFaults])) as Partial<PriceFaults>;
}
