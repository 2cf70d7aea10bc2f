import { NODE_HEAP_BYTES } from '../target.ts';
import type { Fault } from './fault.ts';
import { ALL_ROLES, oneRunning } from './helpers.ts';

/** Beyond it a node that has work is killed for want of memory more often than it goes on. */
const SHARE = { least: 0.6, most: 0.75 };

/** Nodes whose heap is nearly full: each of their allocations is paid for with a collection. */
export const FILL_MEMORY: readonly Fault[] = ALL_ROLES.map((role) => ({
  name: `fill-memory-${role}`,
  says: `one ${role} has 60 to 75 % of its heap taken away`,
  touches: [role],
  async inject(target, random) {
    const node = oneRunning(target, role, random);
    const { pid } = node;
    await node.inside({ holdBytes: Math.floor(NODE_HEAP_BYTES * (SHARE.least + random() * (SHARE.most - SHARE.least))) });
    return {
      async end() {
        // One that ran out of memory is another process by now.
        if (node.pid === pid) await node.inside({ holdBytes: 0 });
      },
    };
  },
}));
