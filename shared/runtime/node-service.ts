import type { ServiceSchema } from 'moleculer';
import type { NodeHealth, PoolSample } from '../contracts/actions.ts';
import type { NodeContext } from './node-context.ts';

/** The service every node has: it answers for the node itself. */
export function createNodeService(node: NodeContext): ServiceSchema {
  return {
    name: 'node',
    settings: {},
    actions: {
      health: {
        async handler(): Promise<NodeHealth> {
          return { node: node.nodeId, services: [...node.services], ...(await node.health.read()) };
        },
      },
      pool: { handler: (): PoolSample => samplePool(node) },
    },
  };
}

/** The pool's figures at this moment; utilization is over the maximum, not over what happens to be open. */
export function samplePool(node: NodeContext): PoolSample {
  const { pool } = node.database;
  const max = pool.options.max ?? 0;
  const active = pool.totalCount - pool.idleCount;
  return { node: node.nodeId, services: [...node.services], active, idle: pool.idleCount, waiting: pool.waitingCount, max, utilization: max === 0 ? 0 : active / max };
}
