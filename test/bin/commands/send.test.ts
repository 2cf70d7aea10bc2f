import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Summary } from '../../../bin/send/summary.ts';
import { reply, startFakeSluice, type FakeSluice, type Interfere } from '../fake-sluice.ts';
import { runSluice } from '../run-sluice.ts';

const example = (name: string) => fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));
const good = (n: number) => `{"tradeType":"BUY","destination":"ML","securityId":"b1d1da5e3dbe61d0dc2bcf3e","quantity":${n}}`;
const lines = (count: number) => Array.from({ length: count }, (_, i) => good(i + 1)).join('\n');

let servers: FakeSluice[] = [];
afterEach(async () => {
  await Promise.all(servers.map((s) => s.close()));
  servers = [];
});
async function serve(interfere?: Interfere): Promise<FakeSluice> {
  const server = await startFakeSluice(interfere);
  servers.push(server);
  return server;
}
async function send(server: FakeSluice, args: string[], input: string | Buffer = '') {
  const ran = await runSluice(['send', ...args, '--json'], { input, env: { SLUICE_URL: server.url } });
  return { ...ran, summary: JSON.parse(ran.out) as Summary };
}

describe('sluice send', () => {
  test.each(['executions.ndjson', 'executions.csv', 'executions.json'])('%s: finds exactly the failures that are expected, and exit code 1', async (name) => {
    const server = await serve();
    const failedFile = join(await mkdtemp(join(tmpdir(), 'sluice-send-')), 'failed.ndjson');
    const { code, summary } = await send(server, [example(name), '--failed', failedFile]);
    const expected = JSON.parse(await readFile(example('expected-failures.json'), 'utf8')) as Record<string, { pointer: string; code: string }>;
    const failed = (await readFile(failedFile, 'utf8')).trim().split('\n').map((l) => JSON.parse(l) as { index: number; errors: { pointer: string; code: string }[] });
    expect(code).toBe(1);
    expect(summary).toMatchObject({ items: 10_000, successful: 9_900, failed: 100, unknown: 0, batches: 20 });
    expect(summary.failures).toHaveLength(20);
    expect(server.written).toHaveLength(9_900);
    expect(Object.fromEntries(failed.map((f) => [f.index, f.errors.map(({ pointer, code }) => ({ pointer, code }))]))).toEqual(Object.fromEntries(Object.entries(expected).map(([i, f]) => [i, [f]])));
  });

  test('sends the digits of the input, whatever the format', async () => {
    const server = await serve();
    const digits = '1234567890.10000000';
    const item = good(1).replace('"quantity":1', `"quantity":${digits}`);
    const csv = `tradeType,destination,securityId,quantity\nBUY,ML,b1d1da5e3dbe61d0dc2bcf3e,${digits}\n`;
    for (const [format, input] of [['ndjson', item], ['json', `[${item}]`], ['json', `{"note":[1],"executions":[${item}]}`], ['csv', csv]] as const)
      expect((await send(server, ['-', '--format', format], input)).code).toBe(0);
    expect(server.seen.map((s) => s.body)).toEqual(Array(4).fill(`{"executions":[${item}]}`));
  });

  test('tells the format of standard input by its content, and gzip by its first bytes', async () => {
    const server = await serve();
    for (const input of [lines(2), `[${good(1)},\n${good(2)}]`, `{"executions":[${good(1)},${good(2)}]}`, gzipSync(lines(2)), `\ufeff${lines(2)}`, 'tradeType;destination;securityId;quantity\nBUY;ML;b1d1da5e3dbe61d0dc2bcf3e;1\nBUY;ML;b1d1da5e3dbe61d0dc2bcf3e;2\n'])
      expect((await send(server, ['-'], input)).summary).toMatchObject({ items: 2, successful: 2 });
  });

  test('asks for ids alone unless told otherwise', async () => {
    const server = await serve();
    await send(server, ['-'], good(1));
    await send(server, ['-', '--no-minimal'], good(1));
    expect(server.seen.map((s) => s.prefer)).toEqual(['return=minimal', undefined]);
  });

  test('F46 an answer that is lost is asked for again under the same key, and nothing is written twice', async () => {
    const server = await serve((_seen, nth, response, answer) => {
      if (nth > 1) return false;
      answer(); // written, but the connection breaks before the client knows
      response.destroy();
      return true;
    });
    const { code, summary } = await send(server, ['-'], lines(3));
    expect(code).toBe(0);
    expect(summary.retries).toBe(1);
    expect(server.seen.map((s) => s.key)).toEqual([server.seen[0]?.key, server.seen[0]?.key]);
    expect(server.written).toHaveLength(3);
  });

  test('F17 a time-out is asked for again under the same key, and nothing is written twice', async () => {
    const server = await serve((_seen, nth, _response, answer) => nth === 1 && (answer(), true));
    const { code } = await send(server, ['-', '--timeout', '1'], lines(3));
    expect(code).toBe(0);
    expect(server.seen).toHaveLength(2);
    expect(server.written).toHaveLength(3);
  });

  test('without keys a lost answer ends the run, for a repeat could write twice', async () => {
    const server = await serve((_seen, _nth, response) => (response.destroy(), true));
    const { code, summary } = await send(server, ['-', '--no-keys'], lines(3));
    expect(code).toBe(3);
    expect(summary).toMatchObject({ unknown: 3, keyPrefix: null });
    expect(server.seen).toHaveLength(1);
  });

  test('F15 503 with Retry-After is waited for and sent again under the same key', async () => {
    const server = await serve((_seen, nth, response) => nth < 3 && (reply(response, { status: 503, body: '{"code":"overloaded"}' }, { 'Retry-After': '0' }), true));
    const { code, summary } = await send(server, ['-'], lines(3));
    expect(code).toBe(0);
    expect(summary.retries).toBe(2);
    expect(new Set(server.seen.map((s) => s.key)).size).toBe(1);
  });

  test('items that were withdrawn are sent again, and they alone, under another key', async () => {
    const server = await serve((seen, nth, response) => {
      if (nth > 1) return false;
      const results = [{ requestIndex: 1, status: 'FAILED', code: 'withdrawn-deadline', message: 'too late' }, { requestIndex: 0, status: 'SUCCESS', id: 1 }];
      reply(response, { status: 207, body: JSON.stringify({ status: 'PARTIAL_SUCCESS', results }) }, { 'Retry-After': '0' });
      return seen.key !== undefined;
    });
    const { code, summary } = await send(server, ['-'], lines(2));
    expect(code).toBe(0);
    expect(summary).toMatchObject({ items: 2, successful: 2 });
    expect(server.seen[1]?.body).toBe(`{"executions":[${good(2)}]}`);
    expect(server.seen[1]?.key).not.toBe(server.seen[0]?.key);
  });

  test('F15 a 503 that answers for every item is waited for, and all go again under another key', async () => {
    const results = [0, 1].map((requestIndex) => ({ requestIndex, status: 'FAILED', code: 'withdrawn-unavailable', message: 'm' }));
    const server = await serve((_seen, nth, response) => nth === 1 && (reply(response, { status: 503, body: JSON.stringify({ status: 'FAILED', results }) }, { 'Retry-After': '0' }), true));
    const { code, summary } = await send(server, ['-'], lines(2));
    expect(code).toBe(0);
    expect(summary).toMatchObject({ successful: 2, failed: 0, retries: 1 });
    expect(new Set(server.seen.map((s) => s.key)).size).toBe(2);
  });

  test('follows a 202 to the batch until it is settled, then reads what became of each item', async () => {
    let asked = 0;
    const server = await serve((seen, _nth, response) => {
      if (seen.method === 'POST') reply(response, { status: 202, body: '{"status":"PENDING","results":[]}' }, { Location: '/api/v1/batches/b1' });
      else if (seen.path.endsWith('/items')) response.end('{"index":1,"status":"FAILED","code":"length","pointer":"/destination","message":"m"}\n{"index":0,"status":"SUCCESS","id":7}\n');
      else reply(response, { status: 200, body: asked++ === 0 ? '{"state":"open","pending":2}' : '{"state":"closed","pending":0}' });
      return true;
    });
    const { code, summary } = await send(server, ['-'], lines(2));
    expect(code).toBe(1);
    expect(summary).toMatchObject({ successful: 1, failed: 1, unknown: 0 });
    expect(summary.failures).toEqual([{ index: 1, line: 2, errors: [{ pointer: '/destination', code: 'length', message: 'm' }] }]);
  });

  test('a batch that is too large is sent as two', async () => {
    const server = await serve((seen, _nth, response) => seen.body.split('BUY').length > 4 && (reply(response, { status: 413, body: '{"code":"too-many-items"}' }), true));
    const { code } = await send(server, ['-'], lines(8));
    expect(code).toBe(0);
    expect(server.written).toEqual(Array.from({ length: 8 }, (_, i) => good(i + 1)));
  });

  test('a line that is not JSON is a failed item of its own, and cannot smuggle another item into the request', async () => {
    const server = await serve();
    const { code, summary } = await send(server, ['-', '--format', 'ndjson'], `${good(1)}\n\n${good(2)},${good(3)}\n${good(4)}`);
    expect(code).toBe(1);
    expect(summary).toMatchObject({ successful: 2, failed: 1, failedByCode: { 'invalid-json': 1 } });
    expect(summary.failures[0]).toMatchObject({ index: 1, line: 3 });
  });

  test('a file that breaks off is told with its line and exit code 2; what came before is accounted for', async () => {
    const server = await serve();
    const { code, summary, err } = await send(server, ['-'], `[${good(1)},\n${good(2)},\n{"tradeType":"B`);
    expect(code).toBe(2);
    expect(err).toContain('ends too early, in line 3');
    expect(summary.successful + summary.unknown).toBe(server.written.length);
  });

  test('the same key prefix again answers as before and writes nothing twice', async () => {
    const server = await serve();
    const args = ['-', '--batch', '2', '--key-prefix', 'monday'];
    await send(server, args, lines(5));
    expect((await send(server, args, lines(5))).summary).toMatchObject({ successful: 5 });
    expect(server.written).toHaveLength(5);
    expect([...new Set(server.seen.map((s) => s.key))].sort()).toEqual(['monday-1', 'monday-2', 'monday-3']);
  });

  test('where nothing listens it says so, in one line, with exit code 3', async () => {
    const server = await startFakeSluice();
    await server.close();
    const ran = await runSluice(['send', '-', '--url', server.url, '--quiet'], { input: good(1) });
    expect(ran.code).toBe(3);
    expect(ran.err).toContain(`No Sluice answers at ${server.url}`);
    expect(ran.err.trim().split('\n')).toHaveLength(1);
  });

  test('a server that keeps failing ends the run with exit code 3, and the command that goes on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-send-'));
    const path = join(folder, 'two.ndjson');
    await writeFile(path, lines(2));
    const server = await serve((_seen, nth, response) => nth > 1 && (reply(response, { status: 500, body: '{"code":"internal"}' }), true));
    const { code, err, summary } = await send(server, [path, '--batch', '1', '--in-flight', '1', '--retries', '1']);
    expect(code).toBe(3);
    expect(summary).toMatchObject({ successful: 1, unknown: 1 });
    expect(err).toContain(`--batch 1 --key-prefix ${String(summary.keyPrefix)}`);
  });

  test('the summary for people names the failed items by line, pointer and code', async () => {
    const server = await serve();
    const ran = await runSluice(['send', '-', '--url', server.url], { input: `${good(1)}\n${good(0)}\n` });
    expect(ran.out).toContain('2 items, 1 successful, 1 failed');
    expect(ran.out).toMatch(/line 2 \(item 1\): \/quantity range: "quantity" must be greater than 0/);
  });
});
