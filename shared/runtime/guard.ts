import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { identify } from './servers/process-identity.ts';
import type { ProcessIdentity } from './servers/process-identity.ts';

/** How the guard stops a process whose launcher has died. */
export interface StopHow {
  /** The signal that stops it in order; SIGTERM if not given. */
  signal?: NodeJS.Signals;
  /** How long it has before SIGKILL, in ms; 5,000 if not given. */
  graceMs?: number;
  /** Higher stages are stopped first, and are gone before the next lower is touched; 0 if not given. */
  stage?: number;
}

/** What is told to the guard, a JSON line each. */
export type GuardOrder = { add: ProcessIdentity & Required<StopHow> } | { forget: number } | { removeFolder: string };

export interface Guard {
  readonly pid: number;
  /** Resolves when it has begun to watch. Orders given before are not lost. */
  readonly ready: Promise<void>;
  /** Puts a process under guard; one that has already ended is left out. */
  register(pid: number, how?: StopHow): void;
  unregister(pid: number): void;
  /** Has a folder removed when everything under guard has been stopped. */
  removeFolder(path: string): void;
  /** Called each time the guard itself has died, with the process id of the new one, which knows everything registered. */
  onExit(listener: (newPid: number) => void): void;
  /** Ends the guard, which first stops what is still registered. Closing twice is fine. */
  close(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('./guard-main.ts', import.meta.url));
/** So that a guard that cannot run at all is not started in a tight circle. */
const RESPAWN_DELAY_MS = 200;

/**
 * Starts the guard: a small process that stops everything registered with it, and removes the folders it was told, as soon as this
 * process is gone, also after a kill -9. It notices by its stdin, which the system closes then. If the guard dies it is
 * started again.
 */
export function startGuard(): Guard {
  const processes = new Map<number, GuardOrder>();
  const folders = new Map<string, GuardOrder>();
  const listeners: ((newPid: number) => void)[] = [];
  let closed: Promise<void> | undefined;
  let ready: Promise<void>;
  let child = begin();

  function begin(): ChildProcess {
    // In a process group of its own: what ends the launcher's whole group must not end the guard.
    const guard = spawn(process.execPath, ['--no-warnings', MAIN], { detached: true, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'], env: { PATH: process.env.PATH } });
    guard.unref();
    guard.stdin?.on('error', () => undefined); // it has died: 'exit' follows, and the next one is told everything
    ready = new Promise((resolve) => guard.stdout?.once('data', () => resolve()));
    for (const pipe of [guard.stdin, guard.stdout]) (pipe as unknown as { unref(): void }).unref();
    guard.once('error', () => again(guard));
    guard.once('exit', () => again(guard));
    for (const order of [...processes.values(), ...folders.values()]) tell(guard, order);
    return guard;
  }
  function again(dead: ChildProcess): void {
    if (closed || dead !== child) return;
    setTimeout(() => {
      if (closed || dead !== child) return;
      child = begin();
      for (const listener of listeners) listener(child.pid ?? 0);
    }, RESPAWN_DELAY_MS).unref();
  }
  async function end(): Promise<void> {
    const guard = child;
    if (guard.exitCode !== null || guard.signalCode !== null || guard.pid === undefined) return;
    const exited = new Promise<void>((resolve) => guard.once('exit', () => resolve()));
    guard.ref();
    guard.stdin?.end();
    await exited;
  }

  return {
    get pid() {
      return child.pid ?? 0;
    },
    get ready() {
      return ready;
    },
    register(pid, how = {}) {
      const identity = identify(pid);
      if (!identity) return;
      const order: GuardOrder = { add: { ...identity, signal: how.signal ?? 'SIGTERM', graceMs: how.graceMs ?? 5_000, stage: how.stage ?? 0 } };
      processes.set(pid, order);
      tell(child, order);
    },
    unregister(pid) {
      processes.delete(pid);
      tell(child, { forget: pid });
    },
    removeFolder(path) {
      const order: GuardOrder = { removeFolder: path };
      folders.set(path, order);
      tell(child, order);
    },
    onExit: (listener) => void listeners.push(listener),
    close: () => (closed ??= end()),
  };
}

function tell(guard: ChildProcess, order: GuardOrder): void {
  if (guard.stdin?.writable) guard.stdin.write(`${JSON.stringify(order)}\n`);
}
