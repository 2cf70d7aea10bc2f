/**
 * Uploads executions as NDJSON, from memory, as fast as the connection takes them: one request an upload, side by side.
 */
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { jsonItem } from '../harness/rows.ts';
import type { Turn } from '../harness/rounds.ts';
import { serveLoad } from '../harness/serve-load.ts';

export interface UploadInit {
  url: string;
}

/** A turn of `uploads` at the same time, each of `items`. */
export interface UploadSpec {
  uploads: number;
  items: number;
  query?: string;
}

/** A turn, with the time that each upload took, in seconds. */
export interface UploadTurn extends Turn {
  each: number[];
}

const DISTINCT = 20_000;
const LINES_A_PIECE = 500;

serveLoad<UploadInit, UploadSpec, UploadTurn>(async ({ url }) => {
  const pieces = Array.from({ length: DISTINCT / LINES_A_PIECE }, (_, i) => Buffer.from(Array.from({ length: LINES_A_PIECE }, (_, j) => `${jsonItem(i * LINES_A_PIECE + j)}\n`).join('')));

  function* body(items: number): Generator<Buffer> {
    for (let sent = 0, i = 0; sent < items; sent += LINES_A_PIECE, i++) yield pieces[i % pieces.length] as Buffer;
  }

  const upload = async (items: number, query: string): Promise<string> => {
    const req = request(new URL(`/api/v1/batches/executions${query}`, url), { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' } });
    const answer = new Promise<string>((resolve, reject) => {
      req.on('error', reject);
      req.on('response', (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => {
          const { accepted, rejected } = JSON.parse(text) as { accepted?: number; rejected?: number };
          resolve(res.statusCode === 202 && accepted === items && rejected === 0 ? '' : `${res.statusCode ?? '?'}: ${text.slice(0, 300)}`);
        });
      });
    });
    await pipeline(Readable.from(body(items)), req).catch(() => undefined); // the answer tells
    return answer;
  };

  return {
    async run({ uploads, items, query = '' }) {
      const each: number[] = [];
      const errors: string[] = [];
      const began = performance.now();
      await Promise.all(Array.from({ length: uploads }, async () => {
        const error = await upload(items, query).catch((failure: unknown) => String(failure));
        if (error !== '') errors.push(error);
        each.push((performance.now() - began) / 1_000);
      }));
      return { records: (uploads - errors.length) * items, seconds: (performance.now() - began) / 1_000, each, errors };
    },
    close: async () => undefined,
  };
});
