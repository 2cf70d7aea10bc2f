import type { Bench } from '../harness/bench.ts';
import { interleave, medianRatio, type Turn } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { TimedSpec } from '../load/copy.ts';

const CONNECTIONS = 4;
const GOAL = 0.8;

/** What the ledger, the fence and arrays instead of COPY cost the write. */
export const flushVsCopy: Scenario = {
  name: 'flush',
  compares: `The writer's flush (fence, ledger row, records) with raw COPY of the same rows into a like table with the same indexes, ${CONNECTIONS} connections and one Node process each; both encode their rows as they go.`,
  async run(bench) {
    const figures: Figure[] = [];
    for (const chunkRows of bench.quick ? [500] : [500, 1_000]) figures.push(...(await compare(bench, chunkRows)));
    return figures;
  },
};

async function compare(bench: Bench, chunkRows: number): Promise<Figure[]> {
  const spec: TimedSpec = { seconds: bench.quick ? 0.2 : 1.2 };
  const open = async (file: string, prepared = false) => bench.load<TimedSpec, Turn>(file, { databaseUrl: await bench.database(), connections: CONNECTIONS, chunkRows, prepared });
  const [flush, copy, bare] = [await open('flush.ts'), await open('copy.ts'), await open('copy.ts', true)];
  const sides = await interleave(bench.meter, bench.quick ? 1 : 5, { flush: () => flush.run(spec), copy: () => copy.run(spec), bare: () => bare.run(spec) });
  const what = `${chunkRows.toLocaleString('en')} rows a chunk`;
  return [
    { what, figure: sides.flush.rate, unit: 'rows/s', reference: sides.copy.rate, ratio: medianRatio(sides.flush, sides.copy), goal: GOAL, cpu: sides.flush.cpu, referenceCpu: sides.copy.cpu },
    { what: `${what}, against COPY of text made before`, figure: sides.flush.rate, unit: 'rows/s', reference: sides.bare.rate, ratio: medianRatio(sides.flush, sides.bare), cpu: sides.flush.cpu, referenceCpu: sides.bare.cpu },
  ];
}
