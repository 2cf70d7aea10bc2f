/**
 * The big show: one upload of ten million executions by `sluice batch submit` into a Sluice as `npm start` runs it, with two writers and
 * the edge killed, a pause, and the sender killed and started anew meanwhile; then verify against Kafka, and what each process had
 * resident.
 *
 *   npx node bench/ten-million.ts [--items 10000000] [--writers 3] [--calm] [--keep FOLDER]
 *
 * --calm does nothing to it: for the memory alone. It needs about 1.2 kB of disk for each item, and /proc.
 */
import { mkdtemp, chmod, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { makeFile, REFUSED_EVERY } from './ten-million/make-file.ts';
import { MemoryWatch } from './ten-million/memory.ts';
import { startSystem, type System } from './ten-million/system.ts';

const LOOK_MS = 500;
const PAUSE_MS = 10_000;
const KEY = 'ten-million';

interface Status {
  state: string;
  accepted: number;
  written: number;
  rejected: number;
  withdrawn: number;
  delivery?: Record<string, { due: number; delivered: number; waiting: number }>;
}

/** What is done to it, at which share of the items. */
interface Fault {
  at: number;
  what: string;
  act(show: Show): Promise<void> | void;
}
const FAULTS: readonly Fault[] = [
  { at: 0.15, what: 'kill -9 of a writer', act: ({ system }) => system.kill('writer-1') },
  { at: 0.3, what: `pause, resume after ${PAUSE_MS / 1_000} s`, act: pauseAndResume },
  { at: 0.45, what: 'kill -9 of the edge', act: ({ system }) => system.kill('edge') },
  { at: 0.6, what: 'kill -9 of the sender, the same command again', act: (show) => show.sendAgain() },
  { at: 0.75, what: 'kill -9 of another writer', act: ({ system }) => system.kill('writer-2') },
];

interface Show {
  system: System;
  batchId: () => Promise<string>;
  sendAgain: () => void;
}

const { values: options } = parseArgs({ options: { items: { type: 'string', default: '10000000' }, writers: { type: 'string', default: '3' }, calm: { type: 'boolean', default: false }, keep: { type: 'string' } } });
process.exitCode = await main(Number(options.items), Number(options.writers), options.calm ? [] : FAULTS);

async function main(items: number, writers: number, faults: readonly Fault[]): Promise<number> {
  const folder = options.keep ?? await mkdtemp(join(tmpdir(), 'sluice-ten-million-'));
  await chmod(folder, 0o711); // PostgreSQL's own user, where we are root, passes through
  const file = join(folder, 'items.ndjson');
  say(`writing ${items.toLocaleString('en')} items to ${file}`);
  await makeFile(file, items);
  say(`${((await stat(file)).size / 1_048_576).toFixed(0)} MB; starting Sluice`);
  const system = await startSystem(folder, writers);
  try {
    return (await show(system, file, items, faults)) ? 0 : 1;
  } finally {
    await system.stop();
    if (options.keep === undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function show(system: System, file: string, items: number, faults: readonly Fault[]): Promise<boolean> {
  const began = performance.now();
  const since = () => ((performance.now() - began) / 1_000).toFixed(1);
  const memory = new MemoryWatch([10_000, 100_000, 1_000_000, 5_000_000, 10_000_000].filter((mark) => mark <= items));
  const submit = () => system.run(['batch', 'submit', file, '--url', system.url, '--idempotency-key', KEY, '--json', '--quiet']);
  let sending = submit();
  let ended: { code: number | null; out: string; err: string } | undefined;
  const follow = (running: typeof sending) => {
    void running.ended.then((end) => {
      if (running === sending) ended = end;
    });
  };
  follow(sending);
  let known: string | undefined;
  const theShow: Show = {
    system,
    batchId: async () => {
      known ??= (await ask<{ content: { batchId: string }[] }>(`${system.url}/api/v1/batches?limit=1`)).content[0]?.batchId;
      return known ?? '';
    },
    sendAgain() {
      const old = sending;
      sending = submit();
      follow(sending);
      old.kill();
    },
  };
  const left = [...faults];
  let seen = 0;
  while (ended === undefined) {
    await sleep(LOOK_MS);
    const status = await batchOf(theShow).catch(() => undefined); // the edge is being started anew
    if (status !== undefined && status.accepted > seen) seen = status.accepted;
    memory.look(system.parts(), seen);
    const [next] = left;
    if (next !== undefined && seen >= next.at * items) {
      left.shift();
      say(`${since()} s, ${seen.toLocaleString('en')} items: ${next.what}`);
      await next.act(theShow);
    }
  }
  const seconds = (performance.now() - began) / 1_000;
  say(`${since()} s: the sender ended with code ${ended.code}${ended.err === '' ? '' : `, saying: ${ended.err.trim().slice(0, 500)}`}`);
  const status = await batchOf(theShow);
  let delivery = status;
  for (; Object.values(delivery.delivery ?? {}).some(({ waiting }) => waiting > 0); delivery = await batchOf(theShow)) {
    memory.look(system.parts(), items);
    await sleep(LOOK_MS * 4);
  }
  const delivered = (performance.now() - began) / 1_000;
  say(`${since()} s: all delivered; verify --kafka`);
  const verified = await system.run(['verify', '--batch', await theShow.batchId(), '--kafka', '--timeout', '3600', '--url', system.url]).ended;
  const refused = Math.floor(items / REFUSED_EVERY);
  const right = status.state === 'COMPLETED' && status.written === items - refused && status.rejected === refused && status.withdrawn === 0 && verified.code === 0 && left.length === 0;
  process.stdout.write(`\n${verified.out}\n`);
  process.stdout.write(`${status.state}: ${status.written.toLocaleString('en')} written, ${status.rejected.toLocaleString('en')} refused, ${status.withdrawn} withdrawn; ${seconds.toFixed(0)} s to the last item (${Math.round(items / seconds).toLocaleString('en')}/s), ${delivered.toFixed(0)} s until all was delivered; verify ended with ${verified.code}\n\n`);
  process.stdout.write(tableOf(memory, items));
  process.stdout.write(right ? '\nAll as it must be.\n' : '\nNOT as it must be.\n');
  return right;
}

async function pauseAndResume({ system, batchId }: Show): Promise<void> {
  const id = await batchId();
  const paused = await system.run(['batch', 'pause', id, '--url', system.url]).ended;
  await sleep(PAUSE_MS);
  const resumed = await system.run(['batch', 'resume', id, '--url', system.url]).ended;
  if (paused.code !== 0 || resumed.code !== 0) throw new Error(`pause and resume did not work: ${paused.err} ${resumed.err}`);
}

async function batchOf(show: Show): Promise<Status> {
  return ask<Status>(`${show.system.url}/api/v1/batches/${await show.batchId()}`);
}

async function ask<T>(url: string): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(20_000) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return (await response.json()) as T;
}

function tableOf(memory: MemoryWatch, items: number): string {
  const courses = memory.courses();
  const marks = [...new Set(courses.flatMap(({ at }) => [...at.keys()]))].sort((a, b) => a - b);
  const head = ['process', 'lived from item', ...marks.map((mark) => `most up to ${mark.toLocaleString('en')}`), 'most', `at ${items.toLocaleString('en')} and after`];
  const rows = courses.map(({ name, from, at, most, last }) => [name, from.toLocaleString('en'), ...marks.map((mark) => at.get(mark)?.toFixed(0) ?? ''), most.toFixed(0), last.toFixed(0)]);
  return `Resident MB:\n\n${[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
