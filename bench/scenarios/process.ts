import { startPriceService } from '../../bin/price-service/price-service.ts';
import type { Bench } from '../harness/bench.ts';
import { interleave, medianRatio, type Turn } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { ProcessInit, ProcessSpec } from '../load/process-client.ts';

const WRITERS = 2;
const PARALLELISM = 5;
/** A service that answers at once shows what Sluice adds; one that takes its time, what is left of that. */
const LATENCIES_MS = [0, 10];

/** What carrying items out by Sluice adds to the bare step. */
export const processing: Scenario = {
  name: 'process',
  compares: `Revaluations of executions by a large batch, from its request to its end (edge, ${WRITERS} writers, parallelism ${PARALLELISM}), with the same calls of the same price service, ${PARALLELISM} at a time, that store nothing. The note says what that adds to an item.`,
  async run(bench) {
    const prices = await startPriceService();
    try {
      const fleet = await bench.fleet({ databaseUrl: await bench.database(), writers: WRITERS, settings: { PRICE_SERVICE_URL: prices.url } });
      const items = bench.quick ? 500 : 5_000;
      const client = await bench.load<ProcessSpec, Turn>('process-client.ts', { url: fleet.url, prices: prices.url, items, parallelism: PARALLELISM } satisfies ProcessInit);
      const figures: Figure[] = [];
      for (const latencyMs of LATENCIES_MS) {
        Object.assign(prices.faults, { latencyMs });
        figures.push(await measure(bench, client, latencyMs));
      }
      return figures;
    } finally {
      await prices.close();
    }
  },
};

async function measure(bench: Bench, client: { run(spec: ProcessSpec): Promise<Turn> }, latencyMs: number): Promise<Figure> {
  const { batch, bare } = await interleave(bench.meter, bench.quick ? 1 : 3, { batch: () => client.run({ how: 'batch' }), bare: () => client.run({ how: 'bare' }) });
  const added = PARALLELISM * 1_000 * (1 / batch.rate - 1 / bare.rate);
  const [error] = [...batch.errors, ...bare.errors];
  return {
    what: `a price service that takes ${latencyMs} ms`, figure: batch.rate, unit: 'items/s', reference: bare.rate, ratio: medianRatio(batch, bare),
    cpu: batch.cpu, referenceCpu: bare.cpu, note: error === undefined ? `adds ${added.toFixed(2)} ms to an item` : `failed: ${error}`,
  };
}
