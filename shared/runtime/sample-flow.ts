import { FLOW_FIGURES, type NodeFlow } from '../contracts/flow.ts';
import type { PoolSample } from '../contracts/pools.ts';
import type { NodeContext } from './node-context.ts';

/** What flows through this node at this moment. */
export async function sampleFlow({ nodeId, services, metrics }: Pick<NodeContext, 'nodeId' | 'services' | 'metrics'>, { active, waiting, max }: PoolSample): Promise<NodeFlow> {
  metrics.sample();
  const figures: Record<string, number> = {};
  for (const [name, apart] of FLOW_FIGURES) {
    for (const { labels, value, part } of await metrics.series(name)) {
      const place = part ?? (apart === undefined ? undefined : String(labels[apart] ?? ''));
      const key = place === undefined ? name : `${name}:${place}`;
      figures[key] = (figures[key] ?? 0) + value;
    }
  }
  const { user, system } = process.cpuUsage();
  return {
    node: nodeId, services: [...services], at: performance.now(), uptimeS: Math.round(process.uptime()), memoryMb: Math.round(process.memoryUsage.rss() / 1_048_576),
    cpuMs: Math.round((user + system) / 1_000), pool: { active, waiting, max }, figures,
  };
}
