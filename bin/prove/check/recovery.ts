import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from '../load/load.ts';
import type { Target } from '../target.ts';
import { owedNow } from './quiet.ts';

/** How long it took after a fault's end until all was well again, in ms; undefined where it never was. `lacking` says what was missing last. */
export interface Recovery {
  ms: number | undefined;
  lacking: string;
}

const PROBE_MS = 4_000;
const LOOK_MS = 150;

/**
 * Waits until every node runs again, every edge stores a record that is sent now, and what waited for delivery at the fault's end is at most half of it.
 * @param edges how many there are
 * @param note told of what is lacking, each time it is something else
 */
export async function untilRecovered(target: Target, load: Pick<Load, 'probe'>, edges: number, givesUpMs: number, note: (text: string) => void): Promise<Recovery> {
  const began = performance.now();
  const fresh = new Set<number>();
  let end: { at: string; rows: number } | undefined;
  let lacking = '';
  let told = '';
  while (performance.now() - began < givesUpMs) {
    for (let edge = 0; edge < edges; edge++) if (!fresh.has(edge) && (await load.probe(edge, PROBE_MS))) fresh.add(edge);
    lacking = fresh.size < edges ? `${edges - fresh.size} of ${edges} edges store nothing` : '';
    const down = target.nodes().filter((node) => !node.ready).map(({ name }) => name);
    if (down.length > 0 && lacking === '') lacking = `not back: ${down.join(', ')}`;
    try {
      end ??= await backlogNow(target);
      const { rows } = await owedNow(target, end.at);
      if (rows > end.rows / 2) lacking = lacking === '' ? `of ${end.rows} ledger rows that waited, ${rows} still do` : lacking;
    } catch (error) {
      lacking = `PostgreSQL does not answer (${error instanceof Error ? error.message : String(error)})`;
    }
    if (lacking === '') return { ms: performance.now() - began, lacking };
    if (lacking !== told) note((told = lacking));
    await sleep(LOOK_MS, undefined, { signal: target.stopped });
  }
  return { ms: undefined, lacking };
}

async function backlogNow(target: Target): Promise<{ at: string; rows: number }> {
  const [row] = await target.postgres.sql<{ at: string; rows: number }>(`select clock_timestamp()::text as at, (select count(*) from ledger where state = 'waiting')::int as rows`);
  return row ?? { at: 'infinity', rows: 0 };
}
