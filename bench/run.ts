/**
 * `npm run bench`: what Sluice does on this machine, as ratios against references that are measured in turns with it.
 *
 *   node bench/run.ts [--only flush,rest] [--quick] [--json | --markdown] [--check] [--save] [--profile DIR]
 *
 * It starts servers and processes of its own in a temporary folder, and leaves nothing behind.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { baselineOf, falls, type Baseline } from './harness/baseline.ts';
import { openBench } from './harness/bench.ts';
import { describeMachine } from './harness/machine.ts';
import type { Scenario, ScenarioResult } from './harness/scenario.ts';
import { judge, renderMarkdown, renderTable } from './harness/table.ts';
import { adapting } from './scenarios/adapting.ts';
import { endToEnd } from './scenarios/end-to-end.ts';
import { flushVsCopy } from './scenarios/flush-vs-copy.ts';
import { largeUploads } from './scenarios/large-uploads.ts';
import { lists } from './scenarios/lists.ts';
import { memory } from './scenarios/memory.ts';
import { oldWay } from './scenarios/old-way.ts';
import { ordersCreate } from './scenarios/orders-create.ts';
import { ordersSubmit } from './scenarios/orders-submit.ts';
import { overload } from './scenarios/overload.ts';
import { processing } from './scenarios/process.ts';
import { relay } from './scenarios/relay.ts';
import { restToCommit } from './scenarios/rest-to-commit.ts';
import { singleRecords } from './scenarios/single-records.ts';
import { switches } from './scenarios/switches.ts';
import { writersAdded } from './scenarios/writers.ts';

const SCENARIOS: readonly Scenario[] = [flushVsCopy, restToCommit, singleRecords, endToEnd, oldWay, writersAdded, relay, lists, memory, overload, largeUploads, processing, ordersCreate, ordersSubmit, adapting, switches];
const BASELINE = new URL('./baseline.json', import.meta.url);
const USAGE = `node bench/run.ts [options]
  --only a,b     only these scenarios: ${SCENARIOS.map((s) => s.name).join(', ')}
  --quick        small and few: to see that it runs, not how fast
  --json         the figures as JSON; --markdown as a table for documentation
  --check        fails where a ratio is more than 20 % below the one in bench/baseline.json
  --save         keeps this run's ratios there
  --profile DIR  CPU profiles of the fleet's processes, for node bench/profile.ts DIR`;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    profile: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});
const say = (line: string) => process.stderr.write(`${line}\n`);

process.exitCode = options.help ? help() : await main(chosen(options.only?.split(',')));

function help(): number {
  console.log(USAGE);
  return 0;
}

function chosen(names: readonly string[] | undefined): readonly Scenario[] {
  const unknown = names?.filter((name) => !SCENARIOS.some((s) => s.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`no scenario is called ${unknown.join(', ')}; there are ${SCENARIOS.map((s) => s.name).join(', ')}`);
  return SCENARIOS.filter((s) => names?.includes(s.name) ?? true);
}

async function main(scenarios: readonly Scenario[]): Promise<number> {
  if (options.quick && (options.check || options.save)) throw new Error('--quick measures too little to keep or to compare; leave it out');
  const machine = describeMachine(new Date());
  const results = await runAll(scenarios);
  if (options.json) console.log(JSON.stringify({ machine, quick: options.quick, scenarios: results }, null, 2));
  else if (options.markdown) console.log(renderMarkdown(results));
  else console.log(`${machine.at} UTC, ${machine.cores} cores of ${machine.cpu}, Node ${machine.node}, load before ${machine.load}${options.quick ? ', QUICK: sizes too small to judge by' : ''}\n\n${renderTable(results)}`);

  const kept = existsSync(BASELINE) ? (JSON.parse(readFileSync(BASELINE, 'utf8')) as Baseline) : undefined;
  if (options.save) writeFileSync(BASELINE, `${JSON.stringify(baselineOf(results, machine, kept), null, 2)}\n`);
  if (!options.check) return 0;
  if (kept === undefined) throw new Error('there is no bench/baseline.json to compare with; --save makes one');
  const fallen = falls(results, kept);
  for (const line of fallen) say(`fell by more than 20 %: ${line}`);
  return fallen.length === 0 ? 0 : 1;
}

async function runAll(scenarios: readonly Scenario[]): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  const bench = await openBench({ quick: options.quick, profile: options.profile, say });
  const interrupted = () => void bench.close().finally(() => process.exit(130));
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    for (const scenario of scenarios) {
      say(`${scenario.name} ...`);
      const began = performance.now();
      try {
        const figures = judge(await scenario.run(bench));
        results.push({ name: scenario.name, compares: scenario.compares, seconds: (performance.now() - began) / 1_000, figures });
      } finally {
        await bench.endScenario();
      }
    }
    return results;
  } finally {
    await bench.close();
  }
}
