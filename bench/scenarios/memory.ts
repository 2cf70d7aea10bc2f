import type { Bench } from '../harness/bench.ts';
import type { Turn } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { TimedSpec } from '../load/copy.ts';
import type { HttpInit } from '../load/http-client.ts';

const RECORDS = 2_000_000;
const QUICK_RECORDS = 30_000;
const BATCH = 1_000;
const SAMPLE_MS = 250;
/** What the last quarter of a run may take more than the third: a leak of one batch in twenty would be far above. */
const GOAL = 0.9;
const OURS = ['edge', 'writers', 'relay'];

/** Resident memory of every process over time, by `class number`. */
type Samples = Map<string, number[]>;

/** Whether memory grows with the number of batches. */
export const memory: Scenario = {
  name: 'memory',
  compares: `Resident memory of each process at rest and over ${RECORDS.toLocaleString('en')} records in batches of ${BATCH.toLocaleString('en')}, four at a time, with the relay delivering meanwhile. Figure: the most under load; reference: at rest; ratio: mean of the third quarter of the run over mean of the last: 1 where it stays level, less where it grows.`,
  async run(bench) {
    const fleet = await bench.fleet({ databaseUrl: await bench.database(), writers: 2, relays: 1 });
    const client = await bench.load<TimedSpec, Turn>('http-client.ts', { urls: fleet.urls, path: '/api/v1/executions/batch', batch: BATCH, inFlight: 4 } satisfies HttpInit);
    const rest = takeSample(bench, new Map());
    const samples: Samples = new Map();
    const sampling = setInterval(() => takeSample(bench, samples), SAMPLE_MS);
    const records = bench.quick ? QUICK_RECORDS : RECORDS;
    let done = 0;
    const began = performance.now();
    try {
      while (done < records) {
        const turn = await client.run({ seconds: bench.quick ? 0.5 : 2 });
        if (turn.records === 0) throw new Error(`nothing was taken in: ${turn.errors?.[0] ?? ''}`);
        done += turn.records;
      }
    } finally {
      clearInterval(sampling);
    }
    const note = `${done.toLocaleString('en')} records in ${((performance.now() - began) / 1_000).toFixed(0)} s`;
    return [...samples].map(([what, values], at) => ({ ...figureOf(what, values, rest.get(what)?.[0] ?? NaN), ...(at === 0 ? { note } : {}) }));
  },
};

function takeSample(bench: Bench, into: Samples): Samples {
  for (const [name, values] of Object.entries(bench.meter.memory())) {
    if (name === 'client' || name === 'postgres') continue; // of PostgreSQL only the postmaster would be seen
    values.forEach((mb, at) => {
      const what = values.length === 1 ? name : `${name} ${at + 1}`;
      into.set(what, [...(into.get(what) ?? []), mb]);
    });
  }
  return into;
}

function figureOf(what: string, values: readonly number[], rest: number): Figure {
  const half = values.slice(Math.floor(values.length / 2));
  const middle = Math.floor(half.length / 2);
  const ours = OURS.some((name) => what.startsWith(name));
  return { what, figure: Math.max(...values), unit: 'MB', reference: rest, ratio: mean(half.slice(0, middle)) / mean(half.slice(middle)), ...(ours ? { goal: GOAL } : {}) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
