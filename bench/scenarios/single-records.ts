import pg from 'pg';
import type { Bench } from '../harness/bench.ts';
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
/** A sync of a network volume or of a disk that turns; this machine's may be many times faster, and then a commit costs next to nothing. */
const SLOW_SYNC_MS = 10;

/** What coalescing brings to clients that send one record a request. */
export const singleRecords: Scenario = {
  name: 'single',
  compares: `POSTs of one record on ${CONNECTIONS} connections to Sluice (edge, ${WRITERS} writers), with the same POSTs to a bare node:http server that does one INSERT and commit a request, without checks or ledger, on as many PostgreSQL connections as Sluice's writers have together, and on ${CONNECTIONS}; then all of it again where each sync of the log takes ${SLOW_SYNC_MS} ms more (commit_delay), as on a network volume.`,
  async run(bench) {
    const figures: Figure[] = [];
    for (const syncMs of bench.quick ? [0] : [0, SLOW_SYNC_MS]) {
      figures.push(...(await measure(bench, syncMs)));
      await bench.endScenario();
    }
    return figures;
  },
};

/** @param syncMs what a sync of the log takes beyond what this machine's disk takes */
async function measure(bench: Bench, syncMs: number): Promise<Figure[]> {
  const database = async () => {
    const url = await bench.database();
    if (syncMs > 0) await slowSync(url, syncMs);
    return url;
  };
  const pool = WRITERS * writerPoolSize(readSettings({}).settings.writerConcurrency);
  const fleet = await bench.fleet({ databaseUrl: await database(), writers: WRITERS });
  const client = async (url: string, path: string) => bench.load<TimedSpec, Turn>('http-client.ts', { urls: [url], path, batch: 0, inFlight: CONNECTIONS } satisfies HttpInit);
  const reference = async (connections: number) => client((await bench.load('insert-server.ts', { databaseUrl: await database(), connections } satisfies InsertServerInit, 'server')).ready as string, '/');
  const [sluice, equal, wide] = [await client(fleet.url, '/api/v1/executions'), await reference(pool), await reference(CONNECTIONS)];
  const spec: TimedSpec = { seconds: bench.quick ? 0.4 : 1.5 };
  const sides = await interleave(bench.meter, bench.quick ? 1 : 5, { sluice: () => sluice.run(spec), equal: () => equal.run(spec), wide: () => wide.run(spec) });
  const figure = { figure: sides.sluice.rate, unit: 'records/s', p50: percentile(sides.sluice.latencies, 0.5), p99: percentile(sides.sluice.latencies, 0.99), cpu: sides.sluice.cpu };
  const disk = syncMs > 0 ? `, syncs of ${syncMs} ms` : '';
  const figures: Figure[] = [
    { what: `against a pool of ${pool}${disk}`, ...figure, reference: sides.equal.rate, ratio: medianRatio(sides.sluice, sides.equal), goal: GOAL, referenceCpu: sides.equal.cpu },
    { what: `against a pool of ${CONNECTIONS}${disk}`, ...figure, reference: sides.wide.rate, ratio: medianRatio(sides.sluice, sides.wide), referenceCpu: sides.wide.cpu },
  ];
  const errors = [...sides.sluice.errors, ...sides.equal.errors, ...sides.wide.errors];
  return errors.length === 0 ? figures : figures.map((f) => ({ ...f, note: `refused: ${errors[0] ?? ''}` }));
}

/** Makes every sync of a database's commits take longer, as on a slower disk: commits that wait for one share it (group commit), as they would there. */
async function slowSync(databaseUrl: string, ms: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const name = client.escapeIdentifier(client.database ?? '');
    await client.query(`alter database ${name} set commit_siblings = 0`);
    await client.query(`alter database ${name} set commit_delay = ${ms * 1_000}`);
  } finally {
    await client.end();
  }
}
