import http from 'node:http';
import type { AddressInfo } from 'node:net';
import executions from '../../shared/records/execution.kind.ts';
import { compileItemCheck } from '../../shared/records/validate-item.ts';

/** A request as the server saw it. */
export interface Seen {
  method: string;
  path: string;
  key: string | undefined;
  prefer: string | undefined;
  body: string;
}

/** What to do with a request instead of answering it at once; `undefined` answers it. */
export type Interfere = (seen: Seen, nth: number, response: http.ServerResponse, answer: () => Answer) => boolean | Promise<boolean>;

interface Answer {
  status: number;
  body: string;
}

/** A small HTTP server that takes batches as the edge does: real validation, keys remembered, every item's text kept. */
export interface FakeSluice {
  url: string;
  seen: Seen[];
  /** Items written, as text, once for each time they were written. */
  written: string[];
  close: () => Promise<void>;
}

const check = compileItemCheck(executions.item, executions.ignored);

/** @param interfere may answer in another way; it returns true if it took care of the response */
export async function startFakeSluice(interfere: Interfere = () => false): Promise<FakeSluice> {
  const seen: Seen[] = [];
  const written: string[] = [];
  const answers = new Map<string, Answer>();
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const key = request.headers['idempotency-key'] as string | undefined;
      const one = { method: request.method ?? '', path: request.url ?? '', key, prefer: request.headers.prefer as string | undefined, body: Buffer.concat(parts).toString('utf8') };
      seen.push(one);
      const answer = (): Answer => {
        const before = key === undefined ? undefined : answers.get(key);
        if (before !== undefined) return before;
        const made = take(one.body, written);
        if (key !== undefined) answers.set(key, made);
        return made;
      };
      void (async () => {
        if (await interfere(one, seen.length, response, answer)) return;
        reply(response, answer());
      })();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    written,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

/** Sends an answer as JSON. */
export function reply(response: http.ServerResponse, { status, body }: Answer, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(body);
}

function take(body: string, written: string[]): Answer {
  const { executions: items } = JSON.parse(body) as { executions: unknown[] };
  const results = items.map((item, requestIndex) => {
    const text = JSON.stringify(item);
    const checked = check(item);
    if ('item' in checked) written.push(text);
    return 'item' in checked
      ? { requestIndex, status: 'SUCCESS', message: null, id: written.length }
      : { requestIndex, status: 'FAILED', message: checked.faults[0]?.message, errors: checked.faults.map((f) => ({ ...f, pointer: `/executions/${requestIndex}${f.pointer}` })) };
  });
  const failed = results.filter((r) => r.status === 'FAILED').length;
  const status = failed === 0 ? 'SUCCESS' : failed === items.length ? 'FAILED' : 'PARTIAL_SUCCESS';
  return { status: failed === 0 ? 201 : failed === items.length ? 400 : 207, body: JSON.stringify({ status, totalRequested: items.length, successful: items.length - failed, failed, results }) };
}
