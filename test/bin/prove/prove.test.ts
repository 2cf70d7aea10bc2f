import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunReport } from '../../../bin/prove/report.ts';
import { readRunRecord, type RunRecord } from '../../../bin/up/run-file.ts';
import { isRunning } from '../../../shared/runtime/servers/process-identity.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const SLUICE = fileURLToPath(new URL('../../../bin/sluice.ts', import.meta.url));
const RUN_WITH = fileURLToPath(new URL('./run-with.ts', import.meta.url));
const TEST_MS = 600_000;
/** Each breaks something else, and all of them fit two minutes on two slow cores. */
const FAULTS = 'kill-writer,kill-edge,kill-relay,stop-edge,postgres-crash,nats-emptied,kafka-killed,trades-dying-after';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'p-')); // short: the path of a socket lies in it, and may have a hundred characters
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A run of its own process, with its folder inside the test's. */
function start(script: string, args: readonly string[]) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: folder, NO_COLOR: '1' } });
  children.push(child);
  let [out, err] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (out += part.toString('utf8')));
  child.stderr.on('data', (part: Buffer) => (err += part.toString('utf8')));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => child.once('close', (code) => resolve({ code, out, err })));
  return { child, ended };
}

const runFolder = () => readdirSync(folder).map((name) => join(folder, name)).find((path) => path.includes('sluice-prove-'));
const record = (): RunRecord | null => {
  const path = runFolder();
  return path === undefined ? null : readRunRecord(path);
};
/** Waits until a node of each role runs, and clients send. */
async function underLoad(): Promise<RunRecord> {
  return waitFor(() => {
    const found = record();
    const journal = join(runFolder() ?? '', 'logs', 'journal.ndjson');
    return found !== null && found.parts.length >= 6 && existsSync(journal) ? found : undefined;
  }, { timeoutMs: 120_000, what: 'the system to be under load' });
}
const allEnded = (found: RunRecord) => waitFor(() => !found.parts.some(isRunning) && !(found.guard && isRunning(found.guard)), { timeoutMs: 90_000, what: 'every process to have ended' });

test('two minutes of faults: every promise holds, and nothing is left behind', async () => {
  const { code, out, err } = await start(SLUICE, ['prove', '--minutes', '1.2', '--seed', '20', '--faults', FAULTS, '--no-pairs', '--edges', '2', '--writers', '2', '--relays', '1', '--rate', '20', '--recovery', '90', '--json']).ended;
  const report = JSON.parse(out === '' ? JSON.stringify({ err }) : out) as RunReport;
  expect({ troubles: report.troubles, broken: report.promises.filter(({ broken }) => broken > 0) }).toEqual({ troubles: [], broken: [] });
  expect(code).toBe(0);
  expect(report.rows).toBeGreaterThan(100);
  expect(report.faults.filter(({ alone }) => alone > 0).length).toBeGreaterThan(2);
  for (const name of ['kept', 'once', 'true', 'key', 'changed', 'deleted', 'sentOnce', 'sent', 'ended', 'delivered', 'ordered', 'law', 'quiet', 'recovered']) expect(report.promises.find((promise) => promise.name === name)?.tried).toBeGreaterThan(0);
  expect(runFolder()).toBeUndefined();
}, TEST_MS);

test('what is broken on purpose is found, named, and kept to be looked at', async () => {
  const { code, out, err } = await start(RUN_WITH, ['0.12', '1', 'all']).ended;
  const report = JSON.parse(out === '' ? JSON.stringify({ err }) : out) as RunReport;
  expect(report.promises.filter(({ broken }) => broken > 0).map(({ name }) => name)).toEqual(expect.arrayContaining(['kept', 'once', 'changed', 'deleted', 'sentOnce', 'sent', 'ended', 'delivered', 'law']));
  expect(report.troubles).toEqual([]);
  expect(code).toBe(1);
  expect(report.folder).toBe(runFolder());
  expect(existsSync(join(report.folder ?? '', 'logs', 'journal.ndjson'))).toBe(true);
}, TEST_MS);

test('Ctrl-C ends it cleanly: no process and no folder stays', async () => {
  const { child, ended } = start(RUN_WITH, ['10', '1', 'nothing']);
  const found = await underLoad();
  child.kill('SIGINT');
  expect((await ended).code).toBe(130);
  await allEnded(found);
  expect(runFolder()).toBeUndefined();
}, TEST_MS);

test('killed with kill -9 it leaves no process behind', async () => {
  const { child } = start(RUN_WITH, ['10', '1', 'nothing']);
  const found = await underLoad();
  child.kill('SIGKILL');
  await allEnded(found);
}, TEST_MS);
