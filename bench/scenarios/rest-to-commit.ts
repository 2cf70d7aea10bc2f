import type { Bench } from '../harness/bench.ts';
import { interleave, medianRatio, percentile, type Turn } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { TimedSpec } from '../load/copy.ts';
import type { HttpInit } from '../load/http-client.ts';

const IN_FLIGHT = 4;
const WRITERS = 2;
const GOAL_AT_1000 = 0.6;

/** A size of batch, what it asks of the answer, and how many rounds it is given. */
interface Case {
  batch: number;
  rounds: number;
  minimal?: boolean;
  goal?: number;
}
const CASES: readonly Case[] = [
  { batch: 1_000, rounds: 7, goal: GOAL_AT_1000 },
  { batch: 1_000, rounds: 3, minimal: true },
  { batch: 50, rounds: 3 },
  { batch: 500, rounds: 3 },
  { batch: 5_000, rounds: 3 },
];

/** From the first byte of a request to its answer, which says that PostgreSQL has committed. */
export const restToCommit: Scenario = {
  name: 'rest',
  compares: `Batches over HTTP until PostgreSQL has committed and the answer is there (edge and ${WRITERS} writers as processes of their own, no relay), ${IN_FLIGHT} at a time, with raw COPY of the same rows in chunks of 1,000 on 4 connections.`,
  async run(bench) {
    const fleet = await bench.fleet({ databaseUrl: await bench.database(), writers: WRITERS });
    const copy = await bench.load<TimedSpec, Turn>('copy.ts', { databaseUrl: await bench.database(), connections: 4, chunkRows: 1_000 });
    const figures: Figure[] = [];
    for (const one of CASES) figures.push(await measure(bench, fleet.urls, copy, one));
    return figures;
  },
};

async function measure(bench: Bench, urls: string[], copy: { run(spec: TimedSpec): Promise<Turn> }, { batch, rounds, minimal = false, goal }: Case): Promise<Figure> {
  const spec: TimedSpec = { seconds: bench.quick ? 0.2 : 1 };
  const init: HttpInit = { urls, path: '/api/v1/executions/batch', batch, inFlight: IN_FLIGHT, ...(minimal ? { headers: { Prefer: 'return=minimal' } } : {}) };
  const client = await bench.load<TimedSpec, Turn>('http-client.ts', init);
  const sides = await interleave(bench.meter, bench.quick ? 1 : rounds, { rest: () => client.run(spec), copy: () => copy.run(spec) });
  await client.stop();
  return {
    what: `${batch.toLocaleString('en')} a batch${minimal ? ', ids alone answered' : ''}`,
    figure: sides.rest.rate,
    unit: 'rows/s',
    reference: sides.copy.rate,
    ratio: medianRatio(sides.rest, sides.copy),
    ...(goal === undefined ? {} : { goal }),
    p50: percentile(sides.rest.latencies, 0.5),
    p99: percentile(sides.rest.latencies, 0.99),
    cpu: sides.rest.cpu,
    referenceCpu: sides.copy.cpu,
    ...(sides.rest.errors.length === 0 ? {} : { note: `refused: ${sides.rest.errors[0] ?? ''}` }),
  };
}
