import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Cores of one machine, shared out as lists of taskset(1). */
export interface CoreShares {
  all: string;
  clients: string;
  system: string;
}

/**
 * A quarter of the cores, and one at least, for those who make load; the others for what is loaded. So what a flood costs its sender
 * is not taken from the system under test, as it would not be if the senders ran elsewhere.
 */
export function shareCores(cores = availableParallelism()): CoreShares {
  const forClients = Math.max(1, Math.floor(cores / 4));
  const list = (from: number, to: number) => (from === to ? String(from) : `${from}-${to}`);
  if (cores === 1) return { all: '0', clients: '0', system: '0' };
  return { all: list(0, cores - 1), clients: list(cores - forClients, cores - 1), system: list(0, cores - forClients - 1) };
}

/**
 * Binds processes, with all their threads, to a list of cores; what they start later inherits it. A process that has ended meanwhile is left out.
 * @throws Error where there is no taskset(1)
 */
export async function bindToCores(pids: readonly number[], cores: string): Promise<void> {
  for (const pid of pids) {
    await run('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)]).catch((error: unknown) => {
      if (isRunning(pid)) throw new Error(`process ${pid} could not be bound to cores ${cores}`, { cause: error });
    });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // it has ended
  }
}
