import type { Figure, Scenario } from '../harness/scenario.ts';
import { runScript } from '../harness/run-script.ts';

const ROWS = 1_000_000;
const QUICK_ROWS = 20_000;
/** What the interface promises for the 99th percentile, in ms. */
const PROMISE_MS = 50;

interface ListsOutput {
  lists: { group: string; query: string; p50: number; p99: number }[];
  indexes: { name: string; ratio: number }[];
}

/** Lists, and what their indexes cost the flush. Ten million rows take minutes to make: `node bench/lists.ts`. */
export const lists: Scenario = {
  name: 'lists',
  compares: `The slowest list of each group over ${ROWS.toLocaleString('en')} records with the ${PROMISE_MS} ms that are promised for ten million (\`node bench/lists.ts\` measures those), and an insert of 500 rows with the primary key alone with the same insert with all indexes.`,
  async run(bench) {
    const server = new URL(await bench.database());
    server.pathname = '/postgres';
    const { lists: all, indexes } = await runScript<ListsOutput>('lists.ts', ['--json', '--rows', String(bench.quick ? QUICK_ROWS : ROWS), '--runs', bench.quick ? '3' : '20', '--url', server.href], {});
    const groups = [...new Set(all.map((l) => l.group))];
    const slowest = groups.map((group): Figure => {
      const [worst] = all.filter((l) => l.group === group).sort((a, b) => b.p99 - a.p99);
      const p99 = worst?.p99 ?? NaN;
      return { what: group, figure: p99, unit: 'ms', reference: PROMISE_MS, ratio: PROMISE_MS / p99, goal: 1, absolute: true, p50: worst?.p50 ?? NaN, p99, note: `slowest: ${worst?.query ?? ''}` };
    });
    const together = indexes.find((i) => i.name === 'all together')?.ratio ?? NaN;
    const each = indexes.filter((i) => i.name.startsWith('execution_')).map((i) => `${i.name} ${i.ratio.toFixed(2)}`).join(', ');
    return [...slowest, { what: 'insert with all indexes', figure: together, unit: 'times', reference: 1, ratio: 1 / together, note: `one alone: ${each}` }];
  },
};
