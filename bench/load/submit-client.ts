/**
 * A client that submits orders in batches, one after the other on each of its connections. The orders of a turn are stored before its clock
 * runs, straight into the table.
 */
import { Agent, request, type IncomingMessage } from 'node:http';
import pg from 'pg';
import type { Turn } from '../harness/rounds.ts';
import { serveLoad } from '../harness/serve-load.ts';

export interface SubmitInit {
  url: string;
  databaseUrl: string;
  /** Orders of a call. */
  batch: number;
  /** Calls at the same time, each on a connection of its own. */
  inFlight: number;
  /** Of the first order. */
  firstId: number;
}

export interface SubmitSpec {
  /** No call begins after this time. */
  seconds: number;
  /** Orders at most: so many are stored before. */
  orders: number;
}

const STORE = `
insert into orders (id, blotter_id, status_id, portfolio_id, order_type_id, security_id, quantity, limit_price, order_timestamp)
select id, 1, 1, 'PORTFOLIO012345678901234', 1, 'SECURITY0123456789012345', 100, 12.5, now() from generate_series($1::bigint, $2::bigint) id`;

serveLoad<SubmitInit, SubmitSpec, Turn>(async ({ url, databaseUrl, batch, inFlight, firstId }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const target = new URL('/api/v1/orders/batch/submit', url);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  let stored = firstId;
  const call = (ids: readonly number[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify({ orderIds: ids });
      const req = request(target, { method: 'POST', agent, headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) } }, (res: IncomingMessage) => {
        let text = '';
        res.on('data', (bytes: Buffer) => (text += bytes.toString()));
        res.on('end', () => resolve(res.statusCode === 200 ? '' : `${res.statusCode ?? '?'}: ${text.slice(0, 300)}`));
        res.on('error', reject);
      });
      req.on('error', reject);
      req.end(body);
    });
  return {
    async run({ seconds, orders }) {
      let next = stored;
      stored += orders;
      await client.query(STORE, [next, stored - 1]);
      await client.query('analyze orders');
      const latencies: number[] = [];
      const errors: string[] = [];
      const began = performance.now();
      const sender = async () => {
        while (performance.now() - began < seconds * 1_000 && next + batch <= stored) {
          const first = next;
          next += batch;
          const sentAt = performance.now();
          const error = await call(Array.from({ length: batch }, (_, i) => first + i)).catch((failure: unknown) => String(failure));
          latencies.push(performance.now() - sentAt);
          if (error !== '') errors.push(error);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, sender));
      return { records: (latencies.length - errors.length) * batch, seconds: (performance.now() - began) / 1_000, latencies, errors: errors.slice(0, 5) };
    },
    async close() {
      agent.destroy();
      await client.end();
    },
  };
});
