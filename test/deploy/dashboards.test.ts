import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { METRICS, seriesName } from '../../shared/metrics/metrics.ts';
import { seriesIn } from '../helpers/promql.ts';
import { BOARDS, PANELS } from './dashboards.ts';
import { promtool } from './promtool.ts';
import { RULES } from './rules.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string) => parse(readFileSync(new URL(path, root), 'utf8'), { merge: true }) as Record<string, unknown>;
const known = [
  ...RULES.flatMap(({ record }) => record ?? []),
  ...Object.entries(METRICS).flatMap(([name, { type }]) => (type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => seriesName(name) + end) : [seriesName(name)])),
];

test('there are dashboards of flow, delivery, pools and batches, each found under its own name', () => {
  expect(BOARDS.map(({ file, board }) => [file, board.uid])).toEqual(['batches', 'delivery', 'flow', 'pools'].map((name) => [`sluice-${name}.json`, `sluice-${name}`]));
});

test('F50 every series that a panel names is exported or recorded, and of the chosen fleet alone', () => {
  expect(PANELS.length).toBeGreaterThan(40);
  for (const { where, expr } of PANELS) {
    const named = seriesIn(expr);
    expect([where, named.map(({ name }) => name).filter((name) => !known.includes(name) && !/^sluice_(nodejs|process)_/.test(name))]).toEqual([where, []]);
    expect([where, named.every(({ matchers }) => matchers.some(({ label }) => label === 'namespace'))]).toEqual([where, true]);
  }
});

test('a line is named by labels that its expression leaves', () => {
  for (const { where, expr, legend } of PANELS) {
    const left = [...expr.matchAll(/\bby \(([^)]*)\)/g)].map(([, labels = '']) => labels);
    for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g)) if (left.length > 0) expect([where, left.some((labels) => labels.split(', ').includes(label))]).toEqual([where, true]);
  }
});

test('promtool takes every expression of a panel', async () => {
  if (promtool === undefined) {
    process.stderr.write('promtool is not here (apt-get install prometheus, or PROMTOOL=<its path>): the panels\' expressions were checked for their series and form alone.\n');
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'sluice-panels-'));
  const file = join(folder, 'panels.yml');
  await writeFile(file, stringify({ groups: [{ name: 'panels', rules: PANELS.map(({ expr }, i) => ({ record: `panel:${i}`, expr })) }] }));
  const said = await new Promise<string>((resolve) => void execFile(promtool ?? '', ['check', 'rules', file], (error, out, err) => resolve(error === null ? 'passed' : out + err)));
  await rm(folder, { recursive: true });
  expect(said).toBe('passed');
});

test('Grafana is given these dashboards and this Prometheus, in the folders where it looks', () => {
  const { services } = read('docker-compose.yml') as { services: Record<string, { volumes: string[] }> };
  const places = Object.fromEntries((services.grafana?.volumes ?? []).map((volume) => volume.split(':').slice(0, 2) as [string, string]));
  const [provider] = (read('deploy/grafana/provisioning/dashboards/sluice.yml').providers as { options: { path: string } }[]);
  expect(places['./deploy/grafana/dashboards']).toBe(provider?.options.path);
  expect(places['./deploy/grafana/provisioning']).toBe('/etc/grafana/provisioning');
  expect(readdirSync(new URL('deploy/grafana/provisioning/', root)).sort()).toEqual(['dashboards', 'datasources']);
  const [source] = (read('deploy/grafana/provisioning/datasources/prometheus.yml').datasources as { url: string }[]);
  expect(new URL(source?.url ?? '').hostname in services).toBe(true);
  const prometheus = read('deploy/prometheus/prometheus.yml') as { scrape_configs: { http_sd_configs: { url: string; authorization: { credentials_file: string } }[] }[] };
  const [discovery] = prometheus.scrape_configs[0]?.http_sd_configs ?? [];
  expect(new URL(discovery?.url ?? '').hostname).toBe('edge');
  const { secrets } = read('docker-compose.yml') as { secrets: Record<string, unknown> };
  expect(`/run/secrets/${Object.keys(secrets)[0] ?? ''}`).toBe(discovery?.authorization.credentials_file);
});
