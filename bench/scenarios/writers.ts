import { availableParallelism } from 'node:os';
import type { Bench } from '../harness/bench.ts';
import { median, percentile, type SideResult, type Turn } from '../harness/rounds.ts';
import { interleave } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { TimedSpec } from '../load/copy.ts';
import type { HttpInit } from '../load/http-client.ts';
import { inWords } from './end-to-end.ts';

const COUNTS = [1, 2, 4] as const;
const BATCH = 1_000;
const IN_FLIGHT = 8;

/** What each further writer adds, and what is full then. */
export const writersAdded: Scenario = {
  name: 'writers',
  compares: `Batches of ${BATCH.toLocaleString('en')} over HTTP, ${IN_FLIGHT} at a time, one edge, with 1, 2 and 4 writers (three fleets in turns); the reference is one writer. The cores in use by class of process say what is full.`,
  async run(bench) {
    const fleets: Record<string, () => Promise<Turn>> = {};
    for (const writers of COUNTS) fleets[writers] = await open(bench, writers);
    const sides = await interleave(bench.meter, bench.quick ? 1 : 5, fleets);
    const one = sides[1];
    return COUNTS.map((writers): Figure => {
      const side = sides[writers] as SideResult;
      return {
        what: `${writers} writer${writers === 1 ? '' : 's'}`,
        figure: side.rate,
        unit: 'rows/s',
        ...(writers === 1 || one === undefined ? {} : { reference: one.rate, ratio: median(side.rates.map((rate, round) => rate / (one.rates[round] ?? NaN))) }),
        p50: percentile(side.latencies, 0.5),
        p99: percentile(side.latencies, 0.99),
        cpu: side.cpu,
        note: side.errors[0] ?? `of ${availableParallelism()} cores in use: ${inWords(side.cores)}`,
      };
    });
  },
};

async function open(bench: Bench, writers: number): Promise<() => Promise<Turn>> {
  const fleet = await bench.fleet({ databaseUrl: await bench.database(), writers });
  const client = await bench.load<TimedSpec, Turn>('http-client.ts', { urls: fleet.urls, path: '/api/v1/executions/batch', batch: BATCH, inFlight: IN_FLIGHT } satisfies HttpInit);
  return () => client.run({ seconds: bench.quick ? 0.4 : 2 });
}
