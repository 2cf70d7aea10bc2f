import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { giveOrder, insidePath } from '../../../../bin/prove/system/inside-orders.ts';
import { existsSync } from 'node:fs';
import { waitFor } from '../../../helpers/wait-for.ts';

const PRELOAD = fileURLToPath(new URL('../../../../bin/prove/system/inside-main.ts', import.meta.url));
/** Says every 20 ms what it knows of itself. */
const SCRIPT = `setInterval(() => console.log(JSON.stringify({ wall: Date.now(), made: new Date().getTime(), given: new Date(5).getTime(), isDate: new Date() instanceof Date, steady: performance.now(), heap: process.memoryUsage().heapUsed })), 20)`;

interface Said {
  wall: number;
  made: number;
  given: number;
  isDate: boolean;
  steady: number;
  heap: number;
}

let folder: string;
let child: ChildProcess;
let last: Said | undefined;
let widestGapMs: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-in-'));
  [last, widestGapMs] = [undefined, 0];
  child = spawn(process.execPath, ['--no-warnings', '--import', PRELOAD, '-e', SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env.PATH, SLUICE_PROVE_INSIDE: folder, NODE_ID: 'node' } });
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const said = JSON.parse(line) as Said;
    widestGapMs = Math.max(widestGapMs, last === undefined ? 0 : said.steady - last.steady);
    last = said;
  });
  await waitFor(() => last !== undefined && existsSync(insidePath(folder, 'node')), { timeoutMs: 20_000, what: 'the process to run' });
});
afterEach(async () => {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  await rm(folder, { recursive: true, force: true });
});

const HOUR = 3_600_000;
const ahead = () => (last === undefined ? 0 : last.wall - Date.now());

test('its wall clock jumps an hour and back; what is given is not touched, and the monotonic clock goes on', async () => {
  await giveOrder(folder, 'node', { clockAheadMs: HOUR });
  await waitFor(() => ahead() > HOUR / 2, { timeoutMs: 30_000, what: 'the clock to jump' });
  expect(last).toMatchObject({ given: 5, isDate: true });
  expect(Math.abs(last!.made - last!.wall)).toBeLessThan(1_000);
  expect(widestGapMs).toBeLessThan(HOUR / 2);
  await giveOrder(folder, 'node', { clockAheadMs: 0 });
  await waitFor(() => ahead() < HOUR / 2, { timeoutMs: 30_000, what: 'the clock to be right again' });
});

test('its event loop does nothing else for as long as it was told', async () => {
  await giveOrder(folder, 'node', { blockMs: 400 });
  await waitFor(() => widestGapMs >= 400, { timeoutMs: 30_000, what: 'the event loop to be blocked' });
});

test('it holds memory of its heap, and lets go of it', async () => {
  const before = last!.heap;
  await giveOrder(folder, 'node', { holdBytes: 200_000_000 });
  await waitFor(() => last!.heap > before + 150_000_000, { timeoutMs: 30_000, what: 'the heap to be full' });
  await giveOrder(folder, 'node', { holdBytes: 0 });
});

test('an order to a node that does not run is an error that says so', async () => {
  await expect(giveOrder(folder, 'nobody', { blockMs: 1 })).rejects.toThrow('nobody did not take the order');
});
