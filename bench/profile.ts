/**
 * Where a process spent its time: the functions with the most self time of CPU profiles that `--profile DIR` of the benchmarks wrote.
 *
 *   node bench/profile.ts DIR [--top 25] [--skip 5]
 *
 * `--skip` leaves out the first seconds, in which a process loads its modules.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** What V8 writes: a tree of calls, and the node that each sample hit. */
interface CpuProfile {
  nodes: { id: number; children?: number[]; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

/** Self time of each function in microseconds, by name and place; what has no place is named by its caller too. */
export function selfTimes(profile: CpuProfile, skipSeconds: number): Map<string, number> {
  const names = new Map(profile.nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [id, `${functionName === '' ? '(anonymous)' : functionName} ${placeOf(url, lineNumber)}`.trim()]));
  const callers = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child): [number, number] => [child, id])));
  const labelOf = (id: number): string => {
    const name = names.get(id) ?? '?';
    const caller = names.get(callers.get(id) ?? -1) ?? '(root)';
    return name.includes(':') || name.startsWith('(') && name !== '(anonymous)' || caller === '(root)' ? name : `${name} < ${caller}`;
  };
  const times = new Map<string, number>();
  let clock = 0;
  profile.samples.forEach((id, at) => {
    const delta = profile.timeDeltas[at] ?? 0;
    clock += delta;
    if (clock < skipSeconds * 1e6) return;
    const label = labelOf(id);
    times.set(label, (times.get(label) ?? 0) + delta);
  });
  return times;
}

function placeOf(url: string, line: number): string {
  if (url === '') return '';
  const short = url.replace(/^file:\/\//, '').replace(`${process.cwd()}/`, '');
  return `${short}:${line + 1}`;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { top: { type: 'string', default: '25' }, skip: { type: 'string', default: '5' } } });
  const folder = positionals[0] ?? '.';
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.cpuprofile')).sort()) {
    const times = selfTimes(JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile, Number(values.skip));
    const idle = times.get('(idle)') ?? 0;
    const busy = [...times.values()].reduce((sum, micros) => sum + micros, 0) - idle;
    console.log(`\n${file}: ${(busy / 1e6).toFixed(1)} s busy, ${(idle / 1e6).toFixed(1)} s idle`);
    const top = [...times].filter(([name]) => name !== '(idle)').sort((a, b) => b[1] - a[1]).slice(0, Number(values.top));
    for (const [name, micros] of top) console.log(`${((micros / busy) * 100).toFixed(1).padStart(5)} %  ${name}`);
  }
}
