import type { Bench } from '../harness/bench.ts';
import type { Turn } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { Load } from '../harness/start-load.ts';
import type { TimedSpec } from '../load/copy.ts';
import type { HttpInit } from '../load/http-client.ts';

const RECORDS = 2_000_000;
const QUICK_RECORDS = 20_000;
const BATCH = 1_000;
const SAMPLE_MS = 250;
/**
 * When memory in use is looked at, as shares of the run. Not evenly, for something that is let go every thousand batches would look
 * level at 1,000 and 2,000.
 */
const EARLY = [0.23, 0.47];
const LATE = [0.71, 1];
/** The most in use at the early looks over the most at the late ones. */
const GOAL = 0.9;

/** Whether memory grows with the number of batches. */
export const memory: Scenario = {
  name: 'memory',
  compares: `Memory of each process over ${RECORDS.toLocaleString('en')} records in batches of ${BATCH.toLocaleString('en')}, four at a time, with the relay delivering meanwhile. Figure: the most that was resident under load; reference: resident at rest, before; ratio: the most in use after a full garbage collection at two times in the first half of the run, over the same at two in the second.`,
  async run(bench) {
    const fleet = await bench.fleet({ databaseUrl: await bench.database(), writers: 2, relays: 1, probed: true });
    const client = await bench.load<TimedSpec, Turn>('http-client.ts', { urls: fleet.urls, path: '/api/v1/executions/batch', batch: BATCH, inFlight: 4 } satisfies HttpInit);
    const records = bench.quick ? QUICK_RECORDS : RECORDS;
    const rest = resident(bench);
    const most = new Map(rest);
    const sampling = setInterval(() => {
      for (const [name, mb] of resident(bench)) most.set(name, Math.max(mb, most.get(name) ?? 0));
    }, SAMPLE_MS);
    try {
      const began = performance.now();
      let done = 0;
      const looks: number[][] = [];
      for (const share of [...EARLY, ...LATE]) {
        done = await postUntil(client, done, records * share);
        looks.push(await fleet.liveMemory());
      }
      const note = `${done.toLocaleString('en')} records in ${((performance.now() - began) / 1_000).toFixed(0)} s`;
      const live = new Map(namesOf(fleet.processes.map((p) => CLASS_OF_ROLE[p.role])).map((name, at) => [name, looks.map((look) => look[at] ?? NaN)]));
      return [...most].map(([what, mb]) => figureOf(what, mb, rest.get(what) ?? NaN, live.get(what), note));
    } finally {
      clearInterval(sampling);
    }
  },
};

const CLASS_OF_ROLE = { edge: 'edge', writer: 'writers', relay: 'relay' } as const;

/** Posts until so many records were taken in, in all; returns how many are. */
async function postUntil(client: Load<TimedSpec, Turn>, done: number, records: number): Promise<number> {
  let sum = done;
  while (sum < records) {
    const turn = await client.run({ seconds: records > QUICK_RECORDS ? 2 : 0.2 });
    if (turn.records === 0) throw new Error(`nothing was taken in: ${turn.errors?.[0] ?? ''}`);
    sum += turn.records;
  }
  return sum;
}

/** MB of each process of fleet and servers; of PostgreSQL only the postmaster could be seen, so it is left out. */
function resident(bench: Bench): Map<string, number> {
  const classes = Object.entries(bench.meter.memory()).filter(([name]) => name !== 'client' && name !== 'postgres');
  return new Map(classes.flatMap(([name, values]) => namesOf(values.map(() => name)).map((one, at): [string, number] => [one, values[at] ?? NaN])));
}

/** Numbers those names that come more than once: `writers 1`, `writers 2`. */
function namesOf(classes: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return classes.map((name) => {
    const nth = (seen.get(name) ?? 0) + 1;
    seen.set(name, nth);
    return classes.filter((other) => other === name).length === 1 ? name : `${name} ${nth}`;
  });
}

function figureOf(what: string, most: number, rest: number, live: readonly number[] | undefined, note: string): Figure {
  const figure = { what, figure: most, unit: 'MB', reference: rest };
  if (live === undefined) return figure;
  const ratio = Math.max(...live.slice(0, EARLY.length)) / Math.max(...live.slice(EARLY.length));
  const shares = [...EARLY, ...LATE].map((share) => `${Math.round(share * 100)} %`).join(', ');
  return { ...figure, ratio, goal: GOAL, absolute: true, note: `${note}; in use at ${shares}: ${live.map((mb) => mb.toFixed(0)).join(', ')} MB` };
}
