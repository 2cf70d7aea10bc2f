import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allBreakages } from '../../bench/breakages/all.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8');
const commandsOf = (section: string): string[] => (new RegExp(`^## ${section}\\n([^]*?)(?=^## |$(?![^]))`, 'm').exec(page)?.[1] ?? '').split('\n').flatMap((line) => /^ *\$ (.+)$/.exec(line)?.[1] ?? []);

test.each(allBreakages(() => '').map((breakage) => [breakage.name, breakage] as const))('%s is mended by commands that the runbook has, in its order', (_, { section, steps }) => {
  const there = [...new Set([...commandsOf(section), 'bin/sluice verify'])];
  const run = steps.flatMap((step) => ('run' in step ? step.run.split('\n') : []));
  expect(run.length).toBeGreaterThan(0);
  expect(run.filter((line) => !there.includes(line))).toEqual([]);
  expect(run).toEqual([...run].sort((a, b) => there.indexOf(a) - there.indexOf(b)));
});
