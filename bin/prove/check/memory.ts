import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { TargetNode } from '../target.ts';

/** The memory of one process, from its start to its end. */
export interface MemoryTrack {
  name: string;
  pid: number;
  /** ms since its first sample, and resident bytes; thinned out evenly when there are many. */
  samples: [atMs: number, bytes: number][];
}

const MOST_SAMPLES = 400;
const MB = 1024 * 1024;
/** No node of the size that a run makes has need of more: ten times what one takes at rest. */
const MOST_BYTES = 1_200 * MB;
/** A shorter life tells nothing of growth: heaps are still being filled for the first time. */
const JUDGED_FROM_MS = 180_000;
const GROWTH = 1.5;
const SLACK_BYTES = 100 * MB;

/** Samples what each process takes. */
export class MemoryWatch {
  readonly tracks: MemoryTrack[] = [];
  readonly #began = new Map<number, number>();

  /** One look at all nodes. A process that ends just then is left out. */
  async look(nodes: readonly TargetNode[], nowMs: number): Promise<void> {
    await Promise.all(
      nodes.map(async ({ name, pid }) => {
        if (pid === undefined) return;
        const bytes = await residentBytes(pid);
        if (bytes === undefined) return;
        let track = this.tracks.find((one) => one.pid === pid && one.name === name);
        if (track === undefined) this.tracks.push((track = { name, pid, samples: [] }));
        if (!this.#began.has(pid)) this.#began.set(pid, nowMs);
        track.samples.push([nowMs - (this.#began.get(pid) ?? nowMs), bytes]);
        if (track.samples.length > MOST_SAMPLES) track.samples = track.samples.filter((_, i) => i % 2 === 0);
      }),
    );
  }
}

/**
 * What is wrong with a process's memory; undefined where nothing is. The middle of its last quarter may be half again as much
 * as that of its second one (the first fills heaps and caches) and 100 MB more, and it may never take more than 1.2 GB.
 */
export function judgeMemory({ name, pid, samples }: MemoryTrack): string | undefined {
  const most = Math.max(...samples.map(([, bytes]) => bytes));
  if (most > MOST_BYTES) return `${name} (process ${pid}) took ${mb(most)}`;
  const life = samples.at(-1)?.[0] ?? 0;
  if (life < JUDGED_FROM_MS) return undefined;
  const early = middle(samples.filter(([at]) => at >= life / 4 && at < life / 2).map(([, bytes]) => bytes));
  const late = middle(samples.filter(([at]) => at >= (life * 3) / 4).map(([, bytes]) => bytes));
  return late > early * GROWTH + SLACK_BYTES ? `${name} (process ${pid}) grew from ${mb(early)} to ${mb(late)} in ${Math.round(life / 60_000)} min` : undefined;
}

function middle(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function mb(bytes: number): string {
  return `${Math.round(bytes / MB)} MB`;
}

async function residentBytes(pid: number): Promise<number | undefined> {
  if (process.platform === 'linux') {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''); // it has ended: that is the answer
    const kb = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
    return kb === undefined ? undefined : Number(kb) * 1024;
  }
  return new Promise((resolve) => execFile('ps', ['-o', 'rss=', '-p', String(pid)], (error, out) => resolve(error || out.trim() === '' ? undefined : Number(out) * 1024)));
}
