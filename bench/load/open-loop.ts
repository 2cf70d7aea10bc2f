/**
 * Offers batches at a set rate, whatever becomes of those before: no answer is waited for, and Retry-After is not honoured.
 */
import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { jsonBatch } from '../harness/rows.ts';
import { serveLoad } from '../harness/serve-load.ts';

export interface OpenLoopInit {
  url: string;
  path: string;
  batch: number;
  /** Most connections; a call that finds none free is not made, and counted. */
  connections: number;
}
export interface OpenLoopSpec {
  seconds: number;
  /** Goodput is counted from this second on: until then queues fill. */
  countFrom: number;
  /** Items offered a second. */
  itemsPerSecond: number;
}
export interface Offered {
  seconds: number;
  /** Items by what became of them: 201; 503; no whole answer, so that nobody told; found no free connection. */
  accepted: number;
  /** Of the accepted, those answered within the time that is counted. */
  inTime: number;
  refused: number;
  untold: number;
  unsent: number;
  /** Milliseconds of each accepted call. */
  latencies: number[];
  /** Refusals without a Retry-After of whole seconds. */
  withoutRetryAfter: number;
  /** Answers that are neither 201 nor 503. */
  errors: string[];
}

const BODIES = 20;
const TICK_MS = 5;

serveLoad<OpenLoopInit, OpenLoopSpec, Offered>(async ({ url, path, batch, connections }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections });
  const bodies = Array.from({ length: BODIES }, (_, i) => jsonBatch(i * batch, batch));
  const to = new URL(path, url);
  let sent = 0;

  const call = (seen: Offered, from: number, until: number): Promise<void> =>
    new Promise((resolve) => {
      const body = bodies[sent++ % BODIES] as Buffer;
      const sentAt = performance.now();
      const untold = () => {
        seen.untold += batch;
        resolve();
      };
      const req = request(to, { method: 'POST', agent, headers: { 'Content-Type': 'application/json', 'Content-Length': body.length } }, (res: IncomingMessage) => {
        res.resume();
        res.on('error', untold).on('end', () => {
          if (res.statusCode === 201) {
            seen.accepted += batch;
            if (performance.now() >= from && performance.now() < until) seen.inTime += batch;
            seen.latencies.push(performance.now() - sentAt);
          } else if (res.statusCode === 503) {
            seen.refused += batch;
            if (!/^\d+$/.test(res.headers['retry-after'] ?? '')) seen.withoutRetryAfter++;
          } else {
            seen.untold += batch;
            if (seen.errors.length < 5) seen.errors.push(`answered ${res.statusCode ?? '?'}`);
          }
          resolve();
        });
      });
      req.on('error', untold);
      req.end(body);
    });

  return {
    async run({ seconds, countFrom, itemsPerSecond }) {
      const seen: Offered = { seconds: 0, accepted: 0, inTime: 0, refused: 0, untold: 0, unsent: 0, latencies: [], withoutRetryAfter: 0, errors: [] };
      const began = performance.now();
      const calls = new Set<Promise<void>>();
      for (let offered = 0, elapsed = 0; elapsed < seconds * 1_000; elapsed = performance.now() - began) {
        for (const due = ((elapsed / 1_000) * itemsPerSecond) / batch; offered < due; offered++) {
          if (calls.size >= connections) {
            seen.unsent += batch;
            continue;
          }
          const one = call(seen, began + countFrom * 1_000, began + seconds * 1_000);
          calls.add(one);
          void one.then(() => calls.delete(one));
        }
        await sleep(TICK_MS);
      }
      seen.seconds = (performance.now() - began) / 1_000;
      await Promise.all(calls);
      return seen;
    },
    close: async () => agent.destroy(),
  };
});
