/**
 * "The old way" of submitting: for each order of a batch a transaction that reads it, calls the trade service over a new connection while it
 * stays open, and updates it.
 */
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { serveLoad } from '../harness/serve-load.ts';

export interface OldSubmitInit {
  databaseUrl: string;
  tradeUrl: string;
  /** Size of its pool. */
  connections: number;
  /** Orders of a batch at the same time. */
  atOnce: number;
}

type Row = Record<string, unknown>;

const READ = 'select o.*, t.abbreviation from orders o join order_type t on t.id = o.order_type_id where o.id = $1 for update of o';

serveLoad<OldSubmitInit, never, never>(async ({ databaseUrl, tradeUrl, connections, atOnce }) => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
  const submitAll = async (req: IncomingMessage): Promise<string> => {
    const { orderIds } = JSON.parse(await readAll(req)) as { orderIds: number[] };
    const left = [...orderIds];
    const worker = async () => {
      for (let id = left.shift(); id !== undefined; id = left.shift()) await submitOne(pool, tradeUrl, id);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    return JSON.stringify({ status: 'SUCCESS', successful: orderIds.length });
  };
  const server = createServer((req, res) => {
    submitAll(req).then((body) => res.writeHead(200, { 'Content-Type': 'application/json' }).end(body), (error: unknown) => res.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ready: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    run: () => Promise.reject(new Error('a server is called over HTTP')),
    async close() {
      server.closeAllConnections();
      await pool.end();
    },
  };
});

async function submitOne(pool: pg.Pool, tradeUrl: string, id: number): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const { rows: [order] } = await client.query<Row>(READ, [id]);
    const answer = (await post(`${tradeUrl}/api/v1/tradeOrders/bulk`, {
      tradeOrders: [{ orderId: id, portfolioId: order?.portfolio_id, orderType: order?.abbreviation, securityId: order?.security_id, quantity: Number(order?.quantity), limitPrice: Number(order?.limit_price), tradeTimestamp: order?.order_timestamp, blotterId: order?.blotter_id }],
    })) as { results: { tradeOrder: { id: number } }[] };
    await client.query('update orders set status_id = 2, trade_order_id = $2, version = version + 1 where id = $1', [id, answer.results[0]?.tradeOrder.id]);
    await client.query('commit');
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/** Over a connection of its own. */
function post(url: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const req = request(url, { method: 'POST', agent: false, headers: { 'Content-Type': 'application/json' } }, (res) => {
      readAll(res).then((text) => resolve(JSON.parse(text) as unknown), reject);
    });
    req.on('error', reject);
    req.end(JSON.stringify(body));
  });
}

async function readAll(stream: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
