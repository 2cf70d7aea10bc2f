import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../../shared/runtime/servers/process-identity.ts';
import type { ProcessIdentity } from '../../shared/runtime/servers/process-identity.ts';
import type { RunRecord } from './run-file.ts';

/** After SIGKILL a process is gone as soon as the system gets round to it. */
const AFTER_KILL_MS = 10_000;

/**
 * Waits for the end of what a launcher that died has left: its guard stops everything in order, within `guardMs`; what still
 * runs then, or if the guard died too, is stopped here. Calls `begins` once if there is anything to wait for.
 * @throws Error if a process does not end even when killed
 */
export async function finishLeftovers(record: RunRecord | null, { guardMs, stopMs, begins }: { guardMs: number; stopMs: number; begins: () => void }): Promise<void> {
  if (record === null) return;
  const living = () => record.parts.filter(isRunning);
  if (living().length === 0 && !(record.guard && isRunning(record.guard))) return;
  begins();
  if (record.guard) await haveEnded(() => [record.guard].filter((g) => g !== null).filter(isRunning), guardMs);
  for (const part of living()) signal(part, 'SIGTERM');
  await haveEnded(living, stopMs);
  for (const part of living()) signal(part, 'SIGKILL');
  if (!(await haveEnded(living, AFTER_KILL_MS))) throw new Error(`These were left by an earlier run and do not end even when killed: ${living().map((p) => `${p.name} (process ${p.pid})`).join(', ')}.`);
}

async function haveEnded(living: () => ProcessIdentity[], withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (living().length > 0) {
    if (performance.now() > until) return false;
    await sleep(50);
  }
  return true;
}

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
