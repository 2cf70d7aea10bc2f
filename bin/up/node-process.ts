import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endOfLog } from '../../shared/runtime/servers/server-process.ts';
import type { Exit } from '../../shared/runtime/servers/server-process.ts';
import type { NodeReady } from '../node/run-node.ts';
import { heapOptions } from '../node/heap-options.ts';
import type { Role } from '../node/roles.ts';
import type { Running } from './supervise.ts';

/** A node to run as a process of its own. */
export interface NodeSpec {
  /** As people see it: `edge`, `writer-2`. */
  name: string;
  role: Role;
  /** Added to this process's environment. */
  env: Record<string, string>;
  logFile: string;
  /** Longest time in ms from SIGTERM until it is killed. */
  stopMs: number;
}

const SLUICE = fileURLToPath(new URL('../sluice.ts', import.meta.url));
/** Both are of Node and kafkajs themselves; nothing can be done about them. */
const NODE_OPTIONS = ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'];
const READY_TIMEOUT_MS = 60_000;
const LOG_MAX_BYTES = 10 * 1024 * 1024;

export function logFileOf(folder: string, name: string): string {
  return join(folder, `${name}.log`);
}

/**
 * Starts a node and resolves when it says that it is ready; fails with the end of its log if it ends before, or takes more than a
 * minute. Its output goes straight into its log file, so that it can tell its end even when this process is gone.
 * @param onSpawn told the process id at once
 * @param signal ends it, if it aborts before it is ready
 */
export async function startNodeProcess(spec: NodeSpec, signal: AbortSignal, onSpawn: (pid: number) => void): Promise<Running> {
  makeRoom(spec.logFile);
  const log = openSync(spec.logFile, 'a');
  // In a process group of its own: a terminal's Ctrl-C is meant for this process, which stops the nodes in their order.
  const child = fork(SLUICE, [spec.role, '--no-migrate'], { detached: true, stdio: ['ignore', log, log, 'ipc'], execArgv: NODE_OPTIONS, env: { ...process.env, ...spec.env, NODE_OPTIONS: heapOptions(spec.env.NODE_OPTIONS ?? process.env.NODE_OPTIONS) } });
  closeSync(log);
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, how) => resolve({ code, signal: how })));
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new Error(`${spec.name} could not be started`, { cause })));
  });
  const pid = child.pid as number;
  onSpawn(pid);
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  try {
    await untilReady(spec, child, exited);
  } finally {
    signal.removeEventListener('abort', kill);
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), spec.stopMs);
    await exited;
    clearTimeout(force);
  };
  let stopping: Promise<void> | undefined;
  return { pid, exited, stop: () => (stopping ??= stop()) };
}

async function untilReady(spec: NodeSpec, child: ChildProcess, exited: Promise<Exit>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const outcome = await Promise.race([
    new Promise<'ready'>((resolve) => child.on('message', (message) => (message as Partial<NodeReady>).ready === true && resolve('ready'))),
    exited,
    new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), READY_TIMEOUT_MS))),
  ]);
  clearTimeout(timer);
  if (outcome === 'ready') return;
  child.kill('SIGKILL');
  await exited;
  const why = outcome === 'late' ? `was not ready after ${READY_TIMEOUT_MS / 1_000} s` : `ended while it started (${describeExit(outcome)})`;
  throw new Error(`${spec.name} ${why}. The end of ${spec.logFile}:\n${(await endOfLog(spec.logFile)).trimEnd()}`);
}

/** `code 1`, or the name of the signal. */
export function describeExit({ code, signal }: Exit): string {
  return signal ?? `code ${code}`;
}

/** A log that has grown large makes room for a new one; one old log is kept. */
function makeRoom(logFile: string): void {
  if (existsSync(logFile) && statSync(logFile).size > LOG_MAX_BYTES) renameSync(logFile, `${logFile}.1`);
}
