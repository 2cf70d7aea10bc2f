import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Machine } from '../../bench/harness/machine.ts';
import { renderTable } from '../../bench/harness/table.ts';
import type { ScenarioResult } from '../../bench/harness/scenario.ts';

const RUN = fileURLToPath(new URL('../../bench/run.ts', import.meta.url));
const bench = (...args: string[]) => promisify(execFile)(process.execPath, [RUN, ...args]);

interface Output {
  machine: Machine;
  quick: boolean;
  scenarios: ScenarioResult[];
}

describe('npm run bench', () => {
  test('a scenario measures its figure and its reference in the same run, and both come as JSON and as a table', async () => {
    const { stdout } = await bench('--quick', '--json', '--only', 'flush');
    const { machine, quick, scenarios } = JSON.parse(stdout) as Output;
    expect(quick).toBe(true);
    expect(machine.cores).toBeGreaterThan(0);
    expect(scenarios.map((s) => s.name)).toEqual(['flush']);
    const first = scenarios[0]?.figures[0];
    expect(first).toMatchObject({ what: '500 rows a chunk', unit: 'rows/s', goal: 0.8 });
    for (const figure of scenarios[0]?.figures ?? []) {
      expect(figure.figure).toBeGreaterThan(0);
      expect(figure.reference).toBeGreaterThan(0);
      expect(figure.ratio).toBeGreaterThan(0);
    }
    expect(first?.met).toBe((first?.ratio ?? 0) >= 0.8);

    const [head, , line] = renderTable(scenarios).split('\n');
    expect(head?.trim().split(/ {2,}/)).toEqual(['scenario', 'what', 'figure', 'reference', 'unit', 'ratio', 'goal', 'met', 'p50 ms', 'p99 ms']);
    expect(line).toMatch(/^flush +500 rows a chunk +[\d,.]+ +[\d,.]+ +rows\/s +\d+\.\d\d +>= 0\.8 +(yes|NO)$/);
  });

  test('a scenario that does not exist is named, with those that do, before anything starts', async () => {
    await expect(bench('--only', 'flsh')).rejects.toThrow(/no scenario is called flsh; there are flush, rest/);
  });

  test('ratios of a quick run are neither kept nor compared', async () => {
    await expect(bench('--only', 'flush', '--quick', '--save')).rejects.toThrow(/too little to keep/);
  });
});
