import { interleave, medianRatio, percentile, type Turn } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { TimedSpec } from '../load/copy.ts';
import type { HttpInit } from '../load/http-client.ts';
import type { InsertServerInit } from '../load/insert-server.ts';
import { readSettings } from '../../shared/config/load.ts';
import { writerPoolSize } from '../../shared/db/pool-size.ts';

const CONNECTIONS = 64;
const WRITERS = 2;
const GOAL = 5;

/** What coalescing brings to clients that send one record a request. */
export const singleRecords: Scenario = {
  name: 'single',
  compares: `POSTs of one record on ${CONNECTIONS} connections to Sluice (edge, ${WRITERS} writers), with the same POSTs to a bare node:http server that does one INSERT and commit a request, without checks or ledger, on as many PostgreSQL connections as Sluice's writers have together, and on ${CONNECTIONS}.`,
  async run(bench) {
    const pool = WRITERS * writerPoolSize(readSettings({}).settings.writerConcurrency);
    const fleet = await bench.fleet({ databaseUrl: await bench.database(), writers: WRITERS });
    const client = async (url: string, path: string) => bench.load<TimedSpec, Turn>('http-client.ts', { urls: [url], path, batch: 0, inFlight: CONNECTIONS } satisfies HttpInit);
    const reference = async (connections: number) => client((await bench.load('insert-server.ts', { databaseUrl: await bench.database(), connections } satisfies InsertServerInit, 'server')).ready as string, '/');
    const [sluice, equal, wide] = [await client(fleet.url, '/api/v1/executions'), await reference(pool), await reference(CONNECTIONS)];
    const spec: TimedSpec = { seconds: bench.quick ? 0.4 : 1.5 };
    const sides = await interleave(bench.meter, bench.quick ? 1 : 7, { sluice: () => sluice.run(spec), equal: () => equal.run(spec), wide: () => wide.run(spec) });
    const figure = { figure: sides.sluice.rate, unit: 'records/s', p50: percentile(sides.sluice.latencies, 0.5), p99: percentile(sides.sluice.latencies, 0.99), cpu: sides.sluice.cpu };
    const figures: Figure[] = [
      { what: `against a pool of ${pool}`, ...figure, reference: sides.equal.rate, ratio: medianRatio(sides.sluice, sides.equal), goal: GOAL, referenceCpu: sides.equal.cpu },
      { what: `against a pool of ${CONNECTIONS}`, ...figure, reference: sides.wide.rate, ratio: medianRatio(sides.sluice, sides.wide), referenceCpu: sides.wide.cpu },
    ];
    const errors = [...sides.sluice.errors, ...sides.equal.errors, ...sides.wide.errors];
    return errors.length === 0 ? figures : figures.map((f) => ({ ...f, note: `refused: ${errors[0] ?? ''}` }));
  },
};
