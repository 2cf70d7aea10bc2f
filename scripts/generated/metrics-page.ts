import { METRICS, seriesName, unitOf, type MetricName } from '../../shared/metrics/metrics.ts';
import { code, generatedFrom, table } from './markdown.ts';

/** docs/metrics.md: every series that a node exports, by stage. */
export function metricsPage(): string {
  const rows = Object.entries(METRICS).map(([name, row]) => ({ stage: name.slice(0, name.indexOf('_')), name: seriesName(name), type: row.type, unit: unitOf(name as MetricName), labels: 'labels' in row ? row.labels.map(code).join(', ') : '', help: row.help }));
  const stages = [...new Set(rows.map(({ stage }) => stage))];
  const sections = stages.map((stage) => `## ${stage}\n\n${table(['Metric', 'Type', 'Unit', 'Labels', 'Meaning'], rows.filter((r) => r.stage === stage).map((r) => [code(r.name), r.type, r.unit, r.labels, r.help]))}`);
  return `${[
    generatedFrom('shared/metrics/metrics.ts'),
    '# Metrics',
    'Every node serves these at `/metrics`: the edge on its own port, other nodes on `METRICS_PORT`, both on the address `HOST`; an edge lists them all at `/metrics/targets` for Prometheus\' HTTP service discovery. Names are stage, fact, unit; times are in seconds. Beside them come the usual figures of a Node process (memory, event-loop delay, garbage collection) under `sluice_process_` and `sluice_nodejs_`. The metrics of a node\'s own pool have the names that OpenTelemetry gives them ([pools](pools.md)).',
    ...sections,
  ].join('\n\n')}\n`;
}
