import { setTimeout as sleep } from 'node:timers/promises';
import type { Role } from '../../node/roles.ts';
import { logFileOf, startNodeProcess } from '../../up/node-process.ts';
import type { PartSpec, Parts } from '../../up/parts.ts';
import type { Roster } from '../../up/roster.ts';
import { NODE_HEAP_BYTES, type TargetNode } from '../target.ts';
import { giveOrder } from './inside-orders.ts';

/** What running a node under proof needs. */
export interface NodeTools {
  parts: Parts;
  roster: Roster;
  logs: string;
  /** Folder of the sockets on which nodes take orders. */
  inside: string;
  /** Longest time in ms from SIGTERM until it is killed. */
  stopMs: number;
  /** Module that is loaded into the node before anything else. */
  preload: string;
}

const GUARD_GRACE_MS = 3_000;

/** Starts a node that the supervisor keeps running, and resolves when it is ready. */
export async function startNode(name: string, role: Role, env: Record<string, string>, tools: NodeTools): Promise<TargetNode> {
  const { parts, roster, logs, inside, stopMs, preload } = tools;
  const own = { ...env, NODE_ID: name, SLUICE_PROVE_INSIDE: inside, NODE_OPTIONS: `--disable-warning=ExperimentalWarning --max-old-space-size=${NODE_HEAP_BYTES / 1_048_576} --import ${preload}` };
  let readyPid: number | undefined;
  const spec: PartSpec = {
    name,
    stage: role,
    stopSignal: 'SIGTERM',
    // The guard acts when this process is gone, and with it every wire: a node could finish nothing any more.
    graceMs: GUARD_GRACE_MS,
    async start(signal, onSpawn) {
      const running = await startNodeProcess({ name, role, env: own, logFile: logFileOf(logs, name), stopMs }, signal, onSpawn);
      readyPid = running.pid;
      return running;
    },
  };
  await parts.start(spec);
  const pid = () => roster.pids().get(name);
  return {
    name,
    role,
    get pid() {
      return pid();
    },
    get ready() {
      return readyPid !== undefined && readyPid === pid();
    },
    signal(signal) {
      const now = pid();
      if (now === undefined) return false;
      try {
        process.kill(now, signal);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
        throw error;
      }
    },
    async untilBack(other, signal) {
      while (readyPid === other || readyPid !== pid()) {
        signal?.throwIfAborted();
        await sleep(50, undefined, { signal });
      }
    },
    inside: (order) => giveOrder(inside, name, order),
  };
}
