/** Reads one list again and again over kept connections; a record of an answer counts as one. */
import { Agent, request } from 'node:http';
import type { Turn } from '../harness/rounds.ts';
import { serveLoad } from '../harness/serve-load.ts';
import type { TimedSpec } from './copy.ts';

export interface ListInit {
  url: string;
  /** Path and query. */
  path: string;
  /** Records of each answer. */
  records: number;
  /** Calls at the same time, each on a connection of its own. */
  inFlight: number;
}

serveLoad<ListInit, TimedSpec, Turn>(async ({ url, path, records, inFlight }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const target = new URL(path, url);
  const call = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const req = request(target, { agent }, (res) => {
        res.resume();
        res.on('end', () => resolve(res.statusCode === 200 ? '' : `${res.statusCode ?? '?'}`));
        res.on('error', reject);
      });
      req.on('error', reject);
      req.end();
    });
  return {
    async run({ seconds }) {
      const latencies: number[] = [];
      const errors: string[] = [];
      const began = performance.now();
      const reader = async () => {
        while (performance.now() - began < seconds * 1_000) {
          const askedAt = performance.now();
          const error = await call().catch((failure: unknown) => String(failure));
          latencies.push(performance.now() - askedAt);
          if (error !== '') errors.push(error);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, reader));
      return { records: (latencies.length - errors.length) * records, seconds: (performance.now() - began) / 1_000, latencies, errors: errors.slice(0, 5) };
    },
    close: async () => agent.destroy(),
  };
});
