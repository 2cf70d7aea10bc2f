import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { METRICS, seriesName } from '../../shared/metrics/metrics.ts';
import { seriesIn } from '../helpers/promql.ts';
import { promtool } from './promtool.ts';
import { GROUPS, RULES, RULE_TESTS } from './rules.ts';

const folder = fileURLToPath(new URL('../../deploy/prometheus', import.meta.url));
const alerts = RULES.filter(({ alert }) => alert !== undefined);
const recorded = RULES.flatMap(({ record }) => record ?? []);
const exported = Object.entries(METRICS).flatMap(([name, { type }]) => (type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => seriesName(name) + end) : [seriesName(name)]));
const labelsOf = (series: string): readonly string[] => Object.entries(METRICS).flatMap(([name, row]) => (series.startsWith(seriesName(name)) && 'labels' in row ? row.labels : []));
/** Labels that Prometheus gives: of the target, and of a histogram's bucket. */
const GIVEN = ['job', 'instance', 'role', 'node', 'namespace', 'le'];

test('F50 every series that a rule names is exported or recorded, with the labels that it asks for', () => {
  for (const { expr, alert = '', record = '' } of RULES) {
    const named = seriesIn(expr);
    expect([alert + record, named.length > 0]).toEqual([alert + record, true]);
    expect(named.map(({ name }) => name).filter((name) => ![...exported, ...recorded, 'up'].includes(name))).toEqual([]);
    for (const { name, matchers } of named) if (exported.includes(name)) expect(matchers.map(({ label }) => label).filter((label) => ![...labelsOf(name), ...GIVEN].includes(label))).toEqual([]);
  }
});

test('every alert says how bad it is, what it is, and where the runbook tells what to do', () => {
  expect(alerts.length).toBeGreaterThan(20);
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  for (const { alert = '', labels = {}, annotations = {} } of alerts) {
    expect(alert).toMatch(/^Sluice[A-Z][A-Za-z]+$/);
    expect([alert, ['warning', 'critical'].includes(labels.severity ?? '')]).toEqual([alert, true]);
    expect(annotations.summary).toMatch(/\.$/);
    expect(annotations.runbook_url).toMatch(/^docs\/runbook\.md#[a-z-]+$/);
  }
});

test('every alert is tried firing and not firing, with the groups in the order in which their rules build on each other', () => {
  const tried = RULE_TESTS.flatMap(({ tests }) => tests.flatMap((one) => one.alert_rule_test));
  for (const fires of [true, false]) {
    const names = new Set(tried.filter(({ exp_alerts: expected }) => expected.length > 0 === fires).map(({ alertname }) => alertname));
    expect([...names].sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  }
  for (const { group_eval_order: order } of RULE_TESTS) expect([...order].sort()).toEqual(GROUPS.map(({ name }) => name).sort());
});

test('promtool takes rules and configuration, and the rules\' own tests pass', async () => {
  if (promtool === undefined) {
    process.stderr.write('promtool is not here (apt-get install prometheus, or PROMTOOL=<its path>): the rules\' own tests are skipped, their series and form were checked without it.\n');
    return;
  }
  const files = (sub: string) => readdirSync(join(folder, sub)).map((name) => join(folder, sub, name));
  const run = (...args: string[]) => new Promise<string>((resolve) => {
    execFile(promtool ?? '', args, (error, out, err) => resolve(error === null ? 'passed' : out + err));
  });
  expect(await run('check', 'rules', ...files('rules'))).toBe('passed');
  expect(await run('check', 'config', '--syntax-only', join(folder, 'prometheus.yml'))).toBe('passed');
  expect(await run('test', 'rules', ...files('tests'))).toBe('passed');
});

test('Prometheus asks a path that there is, with the labels\' names that rules use, and keeps those that a series has already', () => {
  const { rule_files: ruleFiles, scrape_configs: [scrape] } = parse(readFileSync(join(folder, 'prometheus.yml'), 'utf8')) as { rule_files: string[]; scrape_configs: { job_name: string; honor_labels: boolean; http_sd_configs: { url: string }[] }[] };
  expect(ruleFiles).toEqual(['rules/*.yml']);
  expect(scrape).toMatchObject({ job_name: 'sluice', honor_labels: true });
  expect(new URL(scrape?.http_sd_configs[0]?.url ?? '').pathname).toBe('/metrics/targets');
});
