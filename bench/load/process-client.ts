/**
 * Revalues executions, in two ways: as a batch by Sluice, from the request to the batch's end; and by asking the same price
 * service for the same securities, with as many calls at the same time, and storing nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import type { Turn } from '../harness/rounds.ts';
import { jsonItem, rowAt } from '../harness/rows.ts';
import { serveLoad } from '../harness/serve-load.ts';

export interface ProcessInit {
  url: string;
  prices: string;
  /** Executions to revalue. */
  items: number;
  parallelism: number;
}

export interface ProcessSpec {
  how: 'batch' | 'bare';
}

const A_BATCH = 1_000;
const LOOK_MS = 100;

serveLoad<ProcessInit, ProcessSpec, Turn>(async ({ url, prices, items, parallelism }) => {
  const json = async (path: string, init?: RequestInit) => (await (await fetch(url + path, init)).json()) as Record<string, unknown>;
  const ids: number[] = [];
  for (let first = 0; first < items; first += A_BATCH) {
    const body = `{"executions":[${Array.from({ length: Math.min(A_BATCH, items - first) }, (_, i) => jsonItem(first + i)).join(',')}]}`;
    const { results } = await json('/api/v1/executions/batch', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    ids.push(...(results as { execution: { id: number } }[]).map((result) => result.execution.id));
  }

  const batch = async (): Promise<number> => {
    const body = ids.map((executionId) => `{"executionId":${executionId}}\n`).join('');
    const { batchId } = await json(`/api/v1/batches/revaluations?parallelism=${parallelism}`, { method: 'POST', body, headers: { 'content-type': 'application/x-ndjson' } });
    for (;;) {
      const { state, written } = await json(`/api/v1/batches/${batchId as string}`);
      if (state === 'COMPLETED' || state === 'FAILED') return Number(written);
      await sleep(LOOK_MS);
    }
  };
  // Kept connections, as the step's own.
  const service = new Pool(prices, { connections: parallelism });
  const bare = async (): Promise<number> => {
    let next = 0;
    const caller = async () => {
      for (let i = next++; i < items; i = next++) await (await service.request({ method: 'GET', path: `/prices/${rowAt(i).securityId}`, headers: { 'idempotency-key': `bare:${i}` } })).body.json();
    };
    await Promise.all(Array.from({ length: parallelism }, caller));
    return items;
  };

  return {
    async run({ how }) {
      const began = performance.now();
      const records = how === 'batch' ? await batch() : await bare();
      return { records, seconds: (performance.now() - began) / 1_000, errors: records === items ? [] : [`${items - records} items were not revalued`] };
    },
    close: () => service.close(),
  };
});
