import type { Context, ServiceBroker, ServiceSchema } from 'moleculer';
import type { Baseline } from '../../shared/contracts/guards.ts';
import type { PoolsReport } from '../../shared/contracts/pools.ts';
import { ensureLedgerPartitions } from '../../shared/db/ledger-partitions.ts';
import { every, type Loop } from '../../shared/runtime/every.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { poolsLoop } from './pools-loop.ts';
import type { Events } from '../../shared/contracts/actions.ts';
import { guardLoop } from './guard/guard-loop.ts';
import { limiterLoop } from './limiter-loop.ts';
import { baselineOf } from './guard/measure-rounds.ts';
import { lawLoop } from './watch-law.ts';
import type { PoolsWatch } from './watch-pools.ts';
import { storeLoop } from './watch-store.ts';

const PARTITIONS_INTERVAL_MS = 6 * 3_600_000;

/** Watches the PostgreSQL pool of every node, keeps the ledger's partitions ahead of time, and on one node judges guarded changes of settings and checks the law in the background. */
export function createPoolMonitor(node: NodeContext): ServiceSchema {
  let watch: PoolsWatch | undefined;
  let limiter: ReturnType<typeof limiterLoop> | undefined;
  let guard: ReturnType<typeof guardLoop> | undefined;
  let loops: Loop[] = [];

  return {
    name: 'pool-monitor',
    settings: {},
    actions: {
      pools: { handler: (ctx: Context<{ historyMs?: number }>): PoolsReport | undefined => watch?.report(ctx.params.historyMs) },
      baseline: { handler: (): Baseline => guard?.baseline() ?? baselineOf([]) },
    },
    events: {
      'flushes.measured': (ctx: Context<Events['flushes.measured']>) => limiter?.measured(ctx.params),
    },
    started(this: { broker: ServiceBroker }) {
      const { broker } = this;
      const pools = poolsLoop(node, broker);
      watch = pools.watch;
      limiter = limiterLoop(node, broker);
      guard = guardLoop(node, broker);
      node.health.add('pools', () => ({ status: 'up', figures: Object.fromEntries([...pools.watch.samples].map(([name, s]) => [name, { active: s.active, idle: s.idle, waiting: s.waiting, max: s.max, utilization: s.utilization }])) }), false);
      const warn = (what: string) => (error: unknown) => node.log.warn({ err: error }, what);
      loops = [
        pools.loop,
        limiter.loop,
        guard.loop,
        every(PARTITIONS_INTERVAL_MS, () => ensureLedgerPartitions(node.database.pool, new Date()), warn('partitions of the ledger could not be made ahead')),
        ...lawLoop(node, broker),
        storeLoop(node, broker),
      ];
      for (const loop of loops) loop.start();
    },
    async stopped() {
      for (const loop of loops) await loop.stop();
    },
  };
}
