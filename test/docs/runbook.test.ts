import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { METRICS, seriesName } from '../../shared/metrics/metrics.ts';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { query } from '../helpers/query.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const page = read('docs/runbook.md');
const anchors = new Set([...page.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase().replaceAll(' ', '-')));

test('every alert finds its place in the runbook', () => {
  const named = [...read('deploy/prometheus/rules/alerts.yml').matchAll(/docs\/runbook\.md#([a-z-]+)/g)].map(([, anchor = '']) => anchor);
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((anchor) => !anchors.has(anchor))).toEqual([]);
});

test('every alert stands in the table at its head, with the section that the alert names', () => {
  const alerts = [...read('deploy/prometheus/rules/alerts.yml').matchAll(/- alert: (\w+)[^]*?runbook\.md(#[a-z-]+)/g)];
  const rows = page.split('\n').filter((line) => line.startsWith('| '));
  expect(alerts.length).toBeGreaterThan(15);
  expect(alerts.filter(([, alert = '', anchor = '']) => !rows.some((row) => new RegExp(`\\b${alert}\\b`).test(row) && row.includes(`(${anchor})`))).map(([, alert]) => alert)).toEqual([]);
});

test('every link of the runbook leads somewhere', () => {
  const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
  expect(links.filter((link) => (link.startsWith('#') ? !anchors.has(link.slice(1)) : !existsSync(join(ROOT, 'docs', link.split('#')[0] ?? ''))))).toEqual([]);
});

describe('the commands', () => {
  let program: Command;
  beforeAll(async () => {
    program = new Command('sluice');
    for (const file of readdirSync(join(ROOT, 'bin/commands'))) ((await import(join(ROOT, 'bin/commands', file))) as { register(program: Command): void }).register(program);
  });

  test.each(['docs/runbook.md', 'docs/pools.md', 'docs/operations.md'])('of %s are commands of the command line, with options that they have', (path) => {
    const commands = [...read(path).matchAll(/(?:bin\/sluice|`batch) ?([^\n`|()]+)/g)].map(([found, rest = '']) => (found.startsWith('`') ? `batch ${rest}` : rest));
    expect(commands.length).toBeGreaterThan(1);
    const faults: string[] = [];
    for (const given of commands) {
      let command = program;
      for (const word of given.split(/\s+/)) {
        const next = command.commands.find((one) => one.name() === word);
        if (next === undefined) break;
        command = next;
      }
      const main = command.commands.find((one) => one.name() === (command as unknown as { _defaultCommandName: string | null })._defaultCommandName);
      const options = [...command.options, ...(main?.options ?? [])].map(({ long }) => long);
      if (command === program) faults.push(`${given}: no such command`);
      else if (command.commands.length > 0 && main === undefined && !given.includes('--help')) faults.push(`${given}: it needs a subcommand`);
      for (const [option] of given.matchAll(/(?<=\s)--[a-z-]+/g)) if (option !== '--help' && !options.includes(option)) faults.push(`${given}: it has no ${option}`);
    }
    expect(faults).toEqual([]);
  });
});

describe('the statements', () => {
  let own: TestDatabase;
  beforeAll(async () => {
    own = await createDatabase();
  });
  afterAll(() => own.drop());
  const statements = [...page.matchAll(/psql "\$POSTGRES_URL" -c "([^"]+)"/g)].map(([, text = '']) => text);

  test.each(statements)('PostgreSQL takes: %s', async (text) => {
    expect(await query(own.url, text)).toEqual(expect.any(Array));
  });
});

test('every series that is looked for is one that nodes export', () => {
  const known = Object.keys(METRICS).map(seriesName);
  const wanted = [...page.matchAll(/\^(sluice_[a-z_]*)\(([^)]+)\)/g)].flatMap(([, start = '', ends = '']) => ends.split('|').map((end) => `${start}${end}`));
  expect(wanted.length).toBeGreaterThan(8);
  expect(wanted.filter((prefix) => !known.some((name) => name.startsWith(prefix)))).toEqual([]);
});
