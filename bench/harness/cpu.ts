import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts a process's time in hundredths of a second for every architecture we run on (USER_HZ, see proc(5)). */
const MICROS_PER_TICK = 10_000;

interface ProcessTimes {
  pid: number;
  parent: number;
  ticks: number;
  /** Of children that have ended: PostgreSQL's backends come and go. */
  endedTicks: number;
}

/** CPU time by class of process; a class is a list of processes, each with all its children. */
export class CpuMeter {
  readonly #classes = new Map<string, Set<number>>();

  /** Counts this process, and what it starts, to a class from now on. */
  add(name: string, pid: number): void {
    const pids = this.#classes.get(name) ?? new Set();
    this.#classes.set(name, pids.add(pid));
  }

  remove(name: string, pid: number): void {
    this.#classes.get(name)?.delete(pid);
    if (this.#classes.get(name)?.size === 0) this.#classes.delete(name);
  }

  /** The processes of each class, and all that they have started. */
  pids(): Record<string, number[]> {
    const all = [...readProcesses().values()];
    const withChildren = (pid: number): number[] => [pid, ...all.filter((one) => one.parent === pid).flatMap((child) => withChildren(child.pid))];
    return Object.fromEntries([...this.#classes].map(([name, pids]) => [name, [...pids].flatMap(withChildren)]));
  }

  /** Microseconds used so far, by class; all zero where there is no /proc. */
  read(): Record<string, number> {
    const all = readProcesses();
    const children = new Map<number, ProcessTimes[]>();
    for (const one of all.values()) children.set(one.parent, [...(children.get(one.parent) ?? []), one]);
    const treeTicks = (pid: number): number => {
      const one = all.get(pid);
      return one === undefined ? 0 : one.ticks + one.endedTicks + (children.get(pid) ?? []).reduce((sum, child) => sum + treeTicks(child.pid), 0);
    };
    return Object.fromEntries([...this.#classes].map(([name, pids]) => [name, [...pids].reduce((sum, pid) => sum + treeTicks(pid), 0) * MICROS_PER_TICK]));
  }

  /** Resident memory in MB of each process of each class, without its children: `writers` has a figure for each writer. */
  memory(): Record<string, number[]> {
    return Object.fromEntries([...this.#classes].map(([name, pids]) => [name, [...pids].map(residentMb)]));
  }
}

/** What one reading has more than an earlier one, leaving out classes that used nothing. */
export function cpuBetween(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, micros]): [string, number] => [name, micros - (before[name] ?? 0)]).filter(([, micros]) => micros > 0));
}

function readProcesses(): Map<number, ProcessTimes> {
  const found = new Map<number, ProcessTimes>();
  for (const entry of listProc()) {
    const text = readOrEmpty(`/proc/${entry}/stat`);
    if (text === '') continue;
    // "pid (name) state ppid ...": the name may hold spaces and parentheses, so count from the last one. See proc_pid_stat(5).
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
    const at = (field: number) => fields[field - 3] ?? 0;
    found.set(Number(entry), { pid: Number(entry), parent: at(4), ticks: at(14) + at(15), endedTicks: at(16) + at(17) });
  }
  return found;
}

function residentMb(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readOrEmpty(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes ?? 0) / 1_024;
}

function listProc(): string[] {
  return process.platform === 'linux' ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // the process has ended meanwhile
  }
}
