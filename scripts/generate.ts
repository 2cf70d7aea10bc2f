/**
 * `npm run generate` writes every file that follows from the code; with `--check` it writes nothing, and fails naming those that are
 * not as they should be.
 */
import { fileURLToPath } from 'node:url';
import { BATCHES } from './generated/grafana/batches.ts';
import { renderDashboard } from './generated/grafana/dashboard.ts';
import { DELIVERY } from './generated/grafana/delivery.ts';
import { FLOW } from './generated/grafana/flow.ts';
import { POOLS } from './generated/grafana/pools.ts';
import { clientTypes } from './generated/client-types.ts';
import { metricsPage } from './generated/metrics-page.ts';
import { settingsPage } from './generated/settings-page.ts';
import { checkAll, writeAll, type Generated } from './generated/write-or-check.ts';

const FILES: readonly Generated[] = [
  { path: 'docs/settings.md', render: settingsPage },
  { path: 'docs/metrics.md', render: metricsPage },
  { path: 'clients/typescript/src/api.ts', render: clientTypes },
  ...[FLOW, DELIVERY, POOLS, BATCHES].map((dashboard) => ({ path: `deploy/grafana/dashboards/${dashboard.uid}.json`, render: () => renderDashboard(dashboard) })),
];
const ROOT = fileURLToPath(new URL('..', import.meta.url));

if (process.argv.includes('--check')) {
  const faults = await checkAll(FILES, ROOT);
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
} else {
  for (const path of await writeAll(FILES, ROOT)) console.log(`wrote ${path}`);
}
