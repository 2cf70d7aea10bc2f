import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandLine, identify, isRunning } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A server that was started and answers. */
export interface RunningServer {
  /** As people call it: `PostgreSQL`. */
  readonly name: string;
  /** Where it answers: an URL for PostgreSQL and NATS, `host:port` for Kafka. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** The signal that lets it stop in order and soon. */
  readonly stopSignal: NodeJS.Signals;
  readonly logFile: string;
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<Exit>;
  /** Stops it in order; after 15 s by force. Resolves when it has ended; stopping twice is fine. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** What every start function takes. */
export interface StartOptions {
  /** The server's own folder: data, log and all. Made if missing; what is in it is used again. */
  dataDir: string;
  /** Port on 127.0.0.1; a free one if not given. */
  port?: number;
  /** Told in a line each what takes time: what is fetched, what is cleared away. */
  log: (line: string) => void;
  /** Told as soon as the server's process is there, long before it answers: so that a guard can know of it from the first moment. */
  onSpawn?: (pid: number, stopSignal: NodeJS.Signals) => void;
}

export interface ServerCommand {
  name: string;
  command: string;
  args: readonly string[];
  /** The server's own folder; must occur in the arguments, since a leftover process is recognised by it. */
  dataDir: string;
  stopSignal: NodeJS.Signals;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  onSpawn?: StartOptions['onSpawn'];
}

export interface SpawnedServer {
  readonly pid: number;
  readonly logFile: string;
  readonly exited: Promise<Exit>;
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

const STOP_GRACE_MS = 15_000;
const LOG_FILE = 'server.log';
const PID_FILE = 'server.pid';

/**
 * Spawns a server in a process group of its own (a terminal's Ctrl-C must not reach it before the nodes have drained), with its
 * output in `server.log` and its identity in `server.pid` of its folder. Fails if the command cannot be started at all.
 */
export async function spawnServer(server: ServerCommand): Promise<SpawnedServer> {
  const logFile = join(server.dataDir, LOG_FILE);
  const logFd = openSync(logFile, 'a');
  const child = spawn(server.command, server.args, {
    detached: true,
    stdio: ['ignore', logFd, logFd],
    cwd: '/',
    ...(server.env && { env: server.env }),
    ...(server.uid !== undefined && { uid: server.uid, gid: server.gid }),
  });
  closeSync(logFd);
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new Error(`${server.name} could not be started as ${server.command}`, { cause })));
  });
  const pid = child.pid as number;
  server.onSpawn?.(pid, server.stopSignal);
  const pidFile = join(server.dataDir, PID_FILE);
  const identity = identify(pid);
  if (identity) writeFileSync(pidFile, JSON.stringify(identity));
  let ended = false;
  void exited.then(() => {
    ended = true;
    // Only our own record: a server that was started again on this folder meanwhile has written another.
    if (readPidFile(pidFile)?.pid === pid) rmSync(pidFile, { force: true });
  });
  const kill = (signal: NodeJS.Signals): void => {
    if (!ended) child.kill(signal);
  };
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    kill(server.stopSignal);
    const force = setTimeout(() => kill('SIGKILL'), STOP_GRACE_MS);
    await exited;
    clearTimeout(force);
  };
  return { pid, logFile, exited, kill, stop: () => (stopping ??= stop()) };
}

/**
 * Stops the server that an earlier run left behind on this folder, if the process in `server.pid` is still that very one.
 * Returns its process id, or null if there was none.
 */
export async function stopLeftover(dataDir: string, stopSignal: NodeJS.Signals): Promise<number | null> {
  const identity = readPidFile(join(dataDir, PID_FILE));
  if (!identity || !isRunning(identity) || !commandLine(identity.pid)?.includes(dataDir)) return null;
  process.kill(identity.pid, stopSignal);
  if (!(await hasEnded(identity, STOP_GRACE_MS))) {
    process.kill(identity.pid, 'SIGKILL');
    if (!(await hasEnded(identity, STOP_GRACE_MS))) throw new Error(`Process ${identity.pid}, left over on ${dataDir}, does not end even when killed.`);
  }
  return identity.pid;
}

/**
 * Waits until `answers()` is true. Fails, with the end of the server's log, if the process ends before or `timeoutMs` passes; it is
 * killed then.
 */
export async function waitUntilReady(name: string, server: SpawnedServer, answers: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const until = performance.now() + timeoutMs;
  let exit: Exit | undefined;
  void server.exited.then((how) => (exit = how));
  while (!(await answers())) {
    if (exit) throw new Error(`${name} ended while it started (${exit.signal ?? `code ${exit.code}`}). The end of ${server.logFile}:\n${await endOfLog(server.logFile)}`);
    if (performance.now() > until) {
      server.kill('SIGKILL');
      await server.exited;
      throw new Error(`${name} did not answer within ${timeoutMs} ms. The end of ${server.logFile}:\n${await endOfLog(server.logFile)}`);
    }
    await sleep(20);
  }
}

/** The last 2,000 characters of a log. */
export async function endOfLog(logFile: string): Promise<string> {
  const file = await open(logFile, 'r');
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - 2_000);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function hasEnded(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (isRunning(identity)) {
    if (performance.now() > until) return false;
    await sleep(20);
  }
  return true;
}

function readPidFile(path: string): ProcessIdentity | null {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<ProcessIdentity>;
    return typeof value.pid === 'number' && typeof value.startedAt === 'string' ? { pid: value.pid, startedAt: value.startedAt } : null;
  } catch {
    return null; // missing or cut off by a crash: then there is no record
  }
}
