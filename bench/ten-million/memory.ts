import { readFileSync } from 'node:fs';
import type { RunningPart } from '../../bin/up/run-file.ts';

/** Resident memory in MB of a process over its life. */
export interface Course {
  name: string;
  pid: number;
  /** When it was first seen, as items that were taken by then. */
  from: number;
  /** What was resident when so many items were taken, at each mark that was passed. */
  at: Map<number, number>;
  most: number;
  last: number;
}

/** Notes what each process has resident while items are taken. */
export class MemoryWatch {
  readonly #marks: readonly number[];
  readonly #courses = new Map<number, Course>();

  /** @param marks numbers of items at which memory is noted, ascending */
  constructor(marks: readonly number[]) {
    this.#marks = marks;
  }

  look(parts: readonly RunningPart[], items: number): void {
    for (const { name, pid } of parts) {
      const mb = residentMb(pid);
      if (mb === undefined) continue;
      const course = this.#courses.get(pid) ?? { name, pid, from: items, at: new Map<number, number>(), most: 0, last: 0 };
      this.#courses.set(pid, course);
      for (const mark of this.#marks) if (items >= mark && course.from <= mark && !course.at.has(mark)) course.at.set(mark, Math.max(course.most, mb));
      course.most = Math.max(course.most, mb);
      course.last = mb;
    }
  }

  /** By name, then in the order of their lives. */
  courses(): Course[] {
    return [...this.#courses.values()].sort((a, b) => a.name.localeCompare(b.name) || a.from - b.from);
  }
}

/** The process and, as PostgreSQL's backends, all that it has started share memory: only itself is counted. Undefined once it has ended. */
function residentMb(pid: number): number | undefined {
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1_024;
  } catch {
    return undefined; // it has ended meanwhile
  }
}
