import type { ServiceBroker, ServiceSchema } from 'moleculer';
import type { PoolSample } from '../../shared/contracts/actions.ts';
import { every, type Loop } from '../../shared/runtime/every.ts';
import { askAll } from '../../shared/runtime/fleet.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { rememberSamples } from './remember-samples.ts';
import { lawLoop } from './watch-law.ts';
import { ensureLedgerPartitions } from '../../shared/db/ledger-partitions.ts';

const ASK_MS = 2_000;
const PARTITIONS_INTERVAL_MS = 6 * 3_600_000;

/** Samples the PostgreSQL pool of every node, keeps the ledger's partitions ahead of time, and on one node checks the law in the background. */
export function createPoolMonitor(node: NodeContext): ServiceSchema {
  const samples = new Map<string, PoolSample>();
  let loops: Loop[] = [];

  return {
    name: 'pool-monitor',
    settings: {},
    actions: {
      pools: { handler: (): PoolSample[] => [...samples.values()] },
    },
    started(this: { broker: ServiceBroker }) {
      const { broker } = this;
      node.health.add('pools', () => ({ status: 'up', figures: Object.fromEntries([...samples].map(([name, s]) => [name, { active: s.active, idle: s.idle, waiting: s.waiting, max: s.max, utilization: s.utilization }])) }), false);
      const warn = (what: string) => (error: unknown) => node.log.warn({ err: error }, what);
      loops = [
        every(node.settings.poolSampleInterval, async () => {
          const { answers, silent } = await askAll(broker, 'node.pool', ASK_MS);
          if (silent.length > 0) node.log.warn({ silent }, 'nodes did not answer for their pools');
          rememberSamples(samples, answers, node.metrics);
        }, warn('pools could not be sampled')),
        every(PARTITIONS_INTERVAL_MS, () => ensureLedgerPartitions(node.database.pool, new Date()), warn('partitions of the ledger could not be made ahead')),
        ...lawLoop(node, broker),
      ];
      for (const loop of loops) loop.start();
    },
    async stopped() {
      for (const loop of loops) await loop.stop();
    },
  };
}
