import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process beyond its number, which the system gives to another one when it has ended. */
export interface ProcessIdentity {
  pid: number;
  /** When it was started, in the system's own words; only good for comparing. */
  startedAt: string;
}

/**
 * The identity of the process that has this number now, or null if none has. A zombie (ended, not yet reaped) counts as none.
 */
export function identify(pid: number): ProcessIdentity | null {
  const startedAt = process.platform === 'linux' ? startTimeFromProc(pid) : startTimeFromPs(pid);
  return startedAt === null ? null : { pid, startedAt };
}

/** Whether this very process still runs, and not a later one with its number. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt;
}

/** The command line of a process with spaces between its arguments, or null if there is no such process. */
export function commandLine(pid: number): string | null {
  if (process.platform !== 'linux') return ps(pid, 'command=');
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return null; // it has ended: that is the answer
  }
}

function startTimeFromProc(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null; // it has ended: that is the answer
  }
  // "pid (name) state ppid ...": the name may hold spaces and parentheses, so count from the last one. See proc_pid_stat(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  return state === 'Z' || state === 'X' ? null : (fields[19] ?? null);
}

function startTimeFromPs(pid: number): string | null {
  const state = ps(pid, 'stat=');
  return state === null || state.startsWith('Z') ? null : ps(pid, 'lstart=');
}

function ps(pid: number, column: string): string | null {
  try {
    return execFileSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null;
  } catch {
    return null; // ps fails where there is no such process
  }
}
