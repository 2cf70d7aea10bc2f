import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { execution } from '../../helpers/executions.ts';
import { send } from '../../helpers/http.ts';
import { query } from '../../helpers/query.ts';
import { startSystem, type TestSystem } from '../../helpers/system.ts';
import { targetOf, tcpProxy, throughProxy, type TcpProxy } from '../../helpers/tcp-proxy.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { startSluice, type Ran, type Running } from '../run-sluice.ts';

let system: TestSystem;
let folder: string;
const proxies: TcpProxy[] = [];
beforeAll(async () => {
  system = await startSystem({});
  folder = await mkdtemp(join(tmpdir(), 'sluice-batch-'));
});
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});
afterAll(async () => {
  await system.stop();
  await rm(folder, { recursive: true, force: true });
});

const LONG = { timeoutMs: 60_000 };
const sql = (text: string, values: unknown[] = []) => query<Record<string, string>>(system.databaseUrl, text, values);
const start = (args: string[], options: { input?: string; url?: string } = {}): Running => startSluice(['batch', ...args], { ...options, env: { SLUICE_URL: options.url ?? system.url } });
const batch = (...args: string[]): Promise<Ran> => start(args).ended;
const lines = (count: number, from: number) => Array.from({ length: count }, (_, i) => `${JSON.stringify(execution({ securityId: `B${String(from + i).padStart(23, '0')}` }))}\n`);
const fileOf = async (name: string, content: string | Buffer) => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};
/** How often records with security ids from `from` on were stored, by how many of them. */
const stored = async (from: number, count: number) => {
  const [row] = await sql(`select count(*)::int as rows, count(distinct security_id)::int as ids from execution where security_id >= $1 and security_id < $2`, [`B${String(from).padStart(23, '0')}`, `B${String(from + count).padStart(23, '0')}`]);
  return row;
};
const idIn = (text: string) => /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(text)?.[0] ?? '';
const stateOf = async (id: string) => (await sql('select state from large_batch where id = $1', [id]))[0]?.state;
const proxied = async () => {
  const proxy = await tcpProxy(targetOf(system.url));
  proxies.push(proxy);
  return { proxy, url: throughProxy(system.url, proxy) };
};
/** A batch of 5,000 whose upload broke off at two fifths, and that is paused: an upload that goes on with it waits, however quick the machine is. */
const paused = async (key: string, from: number) => {
  const text = lines(5_000, from).join('');
  const packed = gzipSync(text, { level: 0 });
  const broken = await send(system.url, 'POST', '/api/v1/batches/executions', packed.subarray(0, Math.floor(packed.length * 0.4)), { 'Content-Type': 'application/x-ndjson', 'Content-Encoding': 'gzip', 'Idempotency-Key': key });
  const id = String(broken.body.batchId);
  const { bytes } = broken.body.offset as { bytes: number };
  expect(bytes).toBeGreaterThan(0);
  expect(await batch('pause', id)).toMatchObject({ code: 0, out: `Batch ${id} is PAUSED.\n` });
  return { id, text, bytes, file: await fileOf(`${key}.ndjson`, text) };
};
/** Goes on with it through a proxy, and resolves when its upload is under way. */
const goingOn = async ({ id, bytes }: { id: string; bytes: number }, args: string[], input?: string) => {
  const { proxy, url } = await proxied();
  const uploads = proxy.whenSent(args.includes('-') ? 'POST /api/v1/batches/executions' : `Upload-Offset: ${bytes}\r\n`);
  const running = start(['submit', ...args], { url, ...(input === undefined ? {} : { input }) });
  await uploads;
  await waitFor(() => running.err.includes(`Batch ${id}\n`), { ...LONG, what: 'the id of the batch' });
  return { proxy, running };
};

test('a batch that ends at a refused item before anybody asked for its name is named all the same', async () => {
  const file = await fileOf('refused.ndjson', [...lines(3, 900_000), '{"executionStatus":"WHAT"}\n', ...lines(3, 900_010)].join(''));
  const { out, err } = await batch('submit', file, '--start-manual', '--error-policy', 'stop', '--detach');
  expect(err).not.toContain('does not name a batch');
  expect(await stateOf(idIn(out + err))).toBe('FAILED');
});

test('submit tells what became of each: exit code 1 where some failed, and errors names them with line and reason', async () => {
  const body = lines(3_000, 0);
  body[99] = '{"broken\n';
  body[2_500] = `${JSON.stringify(execution({ quantity: -1 }))}\n`;
  const ran = await batch('submit', await fileOf('some.ndjson', body.join('')), '--tags', 'night,eu', '--reference', 'run 7');
  expect(ran).toMatchObject({ code: 1, out: expect.stringMatching(/^Batch \S+ of execution: COMPLETED\nitems +3,000 accepted, 2,998 written, 2 failed\nerrors +ITEM_ERROR 2\n/) as string });
  expect(ran.out).toMatch(/\ntags +night, eu\nreference +run 7\n/);
  const id = idIn(ran.err);
  expect(ran.err).toMatch(/^Batch [0-9a-f-]{36}\n/);
  expect(ran.err).toContain(`sluice batch errors ${id}\n`);
  expect(await stored(0, 3_000)).toEqual({ rows: 2_998, ids: 2_998 });

  const errors = await batch('errors', id);
  expect(errors.out).toMatch(/^line 100 \(item 99\): invalid-json: .*\nline 2501 \(item 2500\): \/quantity range: .*\n$/);
  expect((await batch('errors', id, '--json')).out.trim().split('\n').map((line) => JSON.parse(line) as object)).toMatchObject([{ index: 99, line: 100 }, { index: 2_500, line: 2_501, errors: [{ pointer: '/quantity' }] }]);
  for (const [name, first] of [['wrong.csv', 'index,line,status,'], ['wrong.ndjson', '{"index":99,']] as const) {
    expect(await batch('errors', id, '--output', join(folder, name))).toMatchObject({ code: 0, out: '' });
    expect(await readFile(join(folder, name), 'utf8')).toContain(first);
  }
  expect(await batch('retry', id)).toMatchObject({ code: 1, err: expect.stringContaining('mend these lines') as string });
  expect(await batch('pause', id)).toMatchObject({ code: 1, err: expect.stringContaining('It has ended') as string });
});

test.each([['gz', gzipSync], ['zst', zstdCompressSync]] as const)('a .%s file is sent as it is; with the same key nothing is written twice, another file is refused', async (extension, pack) => {
  const from = extension === 'gz' ? 10_000 : 20_000;
  const file = await fileOf(`packed.ndjson.${extension}`, pack(lines(1_000, from).join('')));
  for (const _ of [1, 2]) expect(await batch('submit', file, '--idempotency-key', `packed-${extension}`, '--quiet')).toMatchObject({ code: 0, err: '' });
  expect(await stored(from, 1_000)).toEqual({ rows: 1_000, ids: 1_000 });
  const other = await fileOf('other.ndjson', lines(1_000, from + 5_000).join(''));
  expect(await batch('submit', other, '--idempotency-key', `packed-${extension}`)).toMatchObject({ code: 2, err: expect.stringContaining('idempotency-key-reused') as string });
});

test('F46 a submit whose connection is cut in the middle goes on by itself, and everything is written once', async () => {
  const begun = await paused('cut', 30_000);
  const { id, file } = begun;
  const { proxy, running } = await goingOn(begun, [file, '--idempotency-key', 'cut']);
  proxy.cut();
  await waitFor(() => running.err.includes('; again in '), { ...LONG, what: 'the break to be noticed' });
  expect(await batch('resume', id)).toMatchObject({ code: 0, out: `Batch ${id} is RECEIVING.\n` });
  expect(await running.ended).toMatchObject({ code: 0, out: expect.stringContaining('5,000 accepted, 5,000 written') as string });
  expect(await stored(30_000, 5_000)).toEqual({ rows: 5_000, ids: 5_000 });
});

test('F46 a submit whose very first request is cut, before anybody knows a batch of it, goes on by its key, and everything is written once', async () => {
  const { proxy, url } = await proxied();
  const file = await fileOf('first.ndjson', lines(5_000, 35_000).join(''));
  const begins = proxy.whenSent('POST /api/v1/batches/executions');
  const running = start(['submit', file, '--idempotency-key', 'first-cut'], { url });
  await begins;
  proxy.cut();
  await waitFor(() => running.err.includes('; again in '), { ...LONG, what: 'the break to be noticed' });
  expect(await running.ended).toMatchObject({ code: 0, out: expect.stringContaining('5,000 accepted, 5,000 written') as string });
  expect(await stored(35_000, 5_000)).toEqual({ rows: 5_000, ids: 5_000 });
});

test('Ctrl-C breaks an upload off and says how to go on; the same command with the key does so, from where it was', async () => {
  const begun = await paused('left', 40_000);
  const { id, file } = begun;
  const { running } = await goingOn(begun, [file, '--idempotency-key', 'left']);
  running.signal('SIGINT');
  const left = await running.ended;
  expect(left).toMatchObject({ code: 130, out: '' });
  const command = /to go on: {2}sluice batch (.+)$/m.exec(left.err)?.[1] ?? '';
  expect(command).toBe(`submit ${file} --kind executions --idempotency-key left`);
  expect(left.err).toContain(`sluice batch cancel ${id}\n`);
  await batch('resume', id);
  const again = await batch(...command.split(' '), '--json');
  expect(again.code).toBe(0);
  expect(JSON.parse(again.out)).toMatchObject({ batchId: id, state: 'COMPLETED', accepted: 5_000, rejected: 0 });
  expect(await stored(40_000, 5_000)).toEqual({ rows: 5_000, ids: 5_000 });
});

test('standard input: broken off it cannot be read again, and that is said; all of it again under the key writes nothing twice', async () => {
  const begun = await paused('stdin', 50_000);
  const { id, text } = begun;
  const { proxy, running } = await goingOn(begun, ['-', '--idempotency-key', 'stdin'], text);
  proxy.cut();
  expect(await running.ended).toMatchObject({ code: 3, err: expect.stringMatching(/read twice.*with all of the input again: {2}sluice batch submit - --kind executions --idempotency-key stdin$/ms) as string });
  await batch('resume', id);
  expect(await start(['submit', '-', '--idempotency-key', 'stdin', '--quiet'], { input: text }).ended).toMatchObject({ code: 0 });
  expect(await stored(50_000, 5_000)).toEqual({ rows: 5_000, ids: 5_000 });
});

test('watch tells how it goes on, takes up its events again after a break, and ends with the batch; Ctrl-C detaches', async () => {
  const { id, file } = await paused('watched', 60_000);
  const left = start(['watch', id]);
  await waitFor(() => left.err.includes('PAUSED'), { ...LONG, what: 'the state to be shown' });
  left.signal('SIGINT');
  expect(await left.ended).toMatchObject({ code: 130, out: '', err: expect.stringContaining(`sluice batch watch ${id}\n`) as string });

  const { proxy, url } = await proxied();
  const listens = proxy.whenSent(`/batches/${id}/events`);
  const watching = start(['watch', id], { url });
  await listens;
  await batch('tune', id, '--parallelism', '2');
  await waitFor(() => watching.err.includes('priority normal, parallelism 2\n'), { ...LONG, what: 'the change to be told' });
  const again = proxy.whenSent('Last-Event-ID: ');
  proxy.cut();
  await again;
  await batch('resume', id);
  expect(await batch('submit', file, '--idempotency-key', 'watched', '--quiet')).toMatchObject({ code: 0, err: '' });
  const watched = await watching.ended;
  expect(watched).toMatchObject({ code: 0, out: expect.stringContaining('COMPLETED') as string });
  expect(watched.err).toMatch(/PAUSED [\d,]+ items/);
  expect(watched.err).toMatch(/\nCOMPLETED 5,000 of 5,000 items \(100 %\), .*0 failed\n/);
});

test('cancel ends a batch: what was written stands, and its submit tells', async () => {
  const begun = await paused('cancelled', 70_000);
  const { id, file } = begun;
  const { running } = await goingOn(begun, [file, '--idempotency-key', 'cancelled']);
  expect((await batch('tune', id, '--priority', 'high', '--dry-run')).out).toMatch(/ is PAUSED: priority normal → high, parallelism (\d+) → \1\. Nothing was changed\.\n$/);
  expect(await batch('tune', id, '--priority', 'high', '--parallelism', '3')).toMatchObject({ code: 0, out: `Batch ${id} is PAUSED, with priority high and parallelism 3.\n` });
  expect((await batch('cancel', id, '--dry-run')).out).toMatch(/: PAUSED → CANCELLING\. [\d,]+ items are written and stand; those still to come will never be written\. Nothing was changed\.\n$/);
  expect(await stateOf(id)).toBe('PAUSED');
  expect(await batch('cancel', id, '--json').then((ran) => JSON.parse(ran.out) as object)).toEqual({ batchId: id, state: 'CANCELLED' });
  expect(await running.ended).toMatchObject({ code: 3, out: expect.stringContaining('CANCELLED') as string });
  expect(await batch('watch', id)).toMatchObject({ code: 3 });
  expect(await batch('tune', id, '--priority', 'low')).toMatchObject({ code: 1, err: expect.stringContaining("can't be changed any more") as string });
});

test('--start-manual keeps a batch until start; --detach prints its id alone; list and show find it', async () => {
  const file = await fileOf('kept.ndjson', lines(700, 80_000).join(''));
  const ran = await batch('submit', file, '--start-manual', '--detach', '--tags', 'kept', '--priority', 'low', '--idempotency-key', 'kept');
  expect(ran).toMatchObject({ code: 0, err: expect.stringMatching(/waits for its start: sluice batch start/) as string });
  const id = ran.out.trim();
  expect(id).toBe(idIn(id));
  expect((await batch('list', '--tag', 'kept')).out).toMatch(new RegExp(`^BATCH +STATE +.*\\n${id} +READY +execution +low +.* kept\\n$`));
  expect(JSON.parse((await batch('list', '--idempotency-key', 'kept', '--state', 'READY', '--json')).out)).toMatchObject({ content: [{ batchId: id, tags: ['kept'] }], next: null });
  expect((await batch('list', '--tag', 'none')).out).toBe('No batch matches.\n');
  expect(await batch('start', id)).toMatchObject({ code: 0, out: `Batch ${id} is RUNNING.\n` });
  expect(await batch('watch', id, '--json', '--quiet').then((w) => JSON.parse(w.out) as object)).toMatchObject({ batchId: id, state: 'COMPLETED', written: 700 });
  expect((await batch('show', id)).out).toMatch(/COMPLETED\nitems +700 accepted, 700 written, 0 failed\n/);
  expect(await batch('errors', id)).toMatchObject({ code: 0, out: 'Nothing of it failed.\n' });
  expect(await stateOf(id)).toBe('COMPLETED');
});

test.each([
  [['submit'], 2, 'missing required argument'],
  [['submit', '/nowhere/x.ndjson'], 2, 'there is no such file'],
  [['submit', import.meta.filename, '--priority', 'urgent'], 2, 'Allowed choices are high, normal, low'],
  [['submit', import.meta.filename, '--parallelism', '0', '--error-policy', 'never'], 2, 'parallelism is a whole number'],
  [['submit', import.meta.filename, '--kind', 'nothings'], 2, 'that knows this kind'],
  [['show', '17'], 2, 'must be the id of a batch'],
  [['show', '00000000-0000-7000-8000-000000000000'], 1, 'no batch'],
  [['watch', '00000000-0000-7000-8000-000000000000'], 1, 'no batch'],
  [['errors', '00000000-0000-7000-8000-000000000000'], 1, 'no batch'],
  [['retry', '00000000-0000-7000-8000-000000000000'], 1, 'no large batch'],
  [['tune', '00000000-0000-7000-8000-000000000000'], 2, '--priority, --parallelism'],
  [['list', '--state', 'WHAT'], 2, 'state'],
])('%j: exit code %i', async (args, code, says) => {
  const ran = await batch(...args);
  expect(ran).toMatchObject({ code, out: '' });
  expect(ran.err.toLowerCase()).toContain(says.toLowerCase());
});

test('where no Sluice answers that is said, with exit code 3', async () => {
  const { proxy, url } = await proxied();
  proxy.refuse(true);
  for (const args of [['submit', import.meta.filename], ['list'], ['errors', '00000000-0000-7000-8000-000000000000']]) expect(await start(args, { url }).ended).toMatchObject({ code: 3, err: expect.stringContaining('No Sluice answers') as string });
});
