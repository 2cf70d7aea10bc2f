/**
 * A lean HTTP client: keep-alive connections, bodies made before the clock runs, answers read and not parsed.
 */
import { Agent, request, type IncomingMessage } from 'node:http';
import type { Turn } from '../harness/rounds.ts';
import { jsonOrders } from '../harness/order-rows.ts';
import { jsonBatch, jsonItem } from '../harness/rows.ts';
import { serveLoad } from '../harness/serve-load.ts';
import type { TimedSpec } from './copy.ts';

export interface HttpInit {
  /** Addresses to share the calls among. */
  urls: string[];
  path: string;
  /** Items of a call; 0 sends single records, not wrapped. */
  batch: number;
  /** Calls at the same time, each on a connection of its own. */
  inFlight: number;
  headers?: Record<string, string>;
  /** Kind of the items: an array of orders instead of a batch of executions. */
  kind?: 'execution' | 'order';
}

/** Bodies are made for this many items and sent again and again. */
const DISTINCT_ITEMS = 20_000;

serveLoad<HttpInit, TimedSpec, Turn>(async ({ urls, path, batch, inFlight, headers = {}, kind = 'execution' }) => {
  const bodyOf = kind === 'order' ? jsonOrders : jsonBatch;
  const success = kind === 'order' ? 200 : 201;
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight, scheduling: 'fifo' });
  const items = Math.max(batch, 1);
  const bodies = Array.from({ length: Math.max(1, Math.floor(DISTINCT_ITEMS / items)) }, (_, i) => (batch === 0 ? Buffer.from(jsonItem(i)) : bodyOf(i * items, items)));
  const targets = urls.map((url) => new URL(path, url));
  let sent = 0;

  const call = (body: Buffer): Promise<string> =>
    new Promise((resolve, reject) => {
      const to = targets[sent++ % targets.length] as URL;
      const req = request(to, { method: 'POST', agent, headers: { 'Content-Type': 'application/json', 'Content-Length': body.length, ...headers } }, (res: IncomingMessage) => {
        let refusal = '';
        if (res.statusCode === success) res.resume();
        else res.on('data', (bytes: Buffer) => (refusal += bytes.toString()));
        res.on('end', () => resolve(res.statusCode === success ? '' : `${res.statusCode ?? '?'}: ${refusal.slice(0, 300)}`));
        res.on('error', reject);
      });
      req.on('error', reject);
      req.end(body);
    });

  return {
    async run({ seconds }) {
      const latencies: number[] = [];
      const errors: string[] = [];
      const began = performance.now();
      const sender = async () => {
        while (performance.now() - began < seconds * 1_000) {
          const body = bodies[latencies.length % bodies.length] as Buffer;
          const sentAt = performance.now();
          const error = await call(body).catch((failure: unknown) => String(failure));
          latencies.push(performance.now() - sentAt);
          if (error !== '') errors.push(error);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, sender));
      return { records: (latencies.length - errors.length) * items, seconds: (performance.now() - began) / 1_000, latencies, errors: errors.slice(0, 5) };
    },
    close: async () => agent.destroy(),
  };
});
