import { interleave, medianRatio, percentile, type Turn } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { TimedSpec } from '../load/copy.ts';
import type { HttpInit } from '../load/http-client.ts';

const CONNECTIONS = 4;
/** Two writers run as many flushes as COPY has connections. With no more requests than that in flight PostgreSQL idles while they travel; with twice as many it has work. */
const IN_FLIGHT = [CONNECTIONS, 2 * CONNECTIONS];
const WRITERS = 2;
const ORDERS = 1_000;
const GOAL = 0.5;

/** What it costs to take orders in: the same engine, and three foreign keys that both sides check. */
export const ordersCreate: Scenario = {
  name: 'orders-create',
  compares: `Orders created in bulk, ${ORDERS.toLocaleString('en')} at once, with raw COPY of the same rows into a like table with the same foreign keys, ${CONNECTIONS} at a time: the writer's flush alone, and POST /api/v1/orders until it is committed, read back and answered (edge and ${WRITERS} writers as processes of their own, no relay).`,
  async run(bench) {
    const spec: TimedSpec = { seconds: bench.quick ? 0.2 : 1.2 };
    const rounds = bench.quick ? 1 : 5;
    const open = async (file: string) => bench.load<TimedSpec, Turn>(file, { databaseUrl: await bench.database(), connections: CONNECTIONS, chunkRows: ORDERS, kind: 'order' });
    const [flush, copy] = [await open('flush.ts'), await open('copy.ts')];
    const written = await interleave(bench.meter, rounds, { flush: () => flush.run(spec), copy: () => copy.run(spec) });
    const fleet = await bench.fleet({ databaseUrl: await bench.database(), writers: WRITERS });
    const overHttp = async (what: string, inFlight: number, headers: Record<string, string>, goal?: number): Promise<Figure> => {
      const init: HttpInit = { urls: fleet.urls, path: '/api/v1/orders', batch: ORDERS, inFlight, kind: 'order', headers };
      const client = await bench.load<TimedSpec, Turn>('http-client.ts', init);
      const { rest, copy: reference } = await interleave(bench.meter, rounds, { rest: () => client.run(spec), copy: () => copy.run(spec) });
      await client.stop();
      return {
        what, figure: rest.rate, unit: 'rows/s', reference: reference.rate, ratio: medianRatio(rest, reference), ...(goal === undefined ? {} : { goal }), p50: percentile(rest.latencies, 0.5), p99: percentile(rest.latencies, 0.99),
        cpu: rest.cpu, referenceCpu: reference.cpu, ...(rest.errors.length === 0 ? {} : { note: `refused: ${rest.errors[0] ?? ''}` }),
      };
    };
    const figures: Figure[] = [
      { what: 'flush', figure: written.flush.rate, unit: 'rows/s', reference: written.copy.rate, ratio: medianRatio(written.flush, written.copy), goal: GOAL, cpu: written.flush.cpu, referenceCpu: written.copy.cpu },
    ];
    for (const inFlight of IN_FLIGHT) {
      figures.push(await overHttp(`over HTTP, ${inFlight} in flight, answered with the nested orders`, inFlight, {}, inFlight === CONNECTIONS ? undefined : GOAL));
      figures.push(await overHttp(`over HTTP, ${inFlight} in flight, ids alone answered`, inFlight, { Prefer: 'return=minimal' }));
    }
    return figures;
  },
};
