import type { Fault } from './fault.ts';
import { ALL_ROLES, oneRunning, until } from './helpers.ts';

const BLOCK_MS = 10_000;

/** Longer than the lease of what the role holds, so that others have taken over when it wakes: 10 s for shards, 15 s for batches. */
const FROZEN_MS = { edge: [16_000, 18_000], writer: [11_000, 13_000], relay: [11_000, 13_000] } as const;

const FREEZE: readonly Fault[] = ALL_ROLES.map((role) => ({
  name: `freeze-${role}`,
  says: `SIGSTOP of one ${role} for longer than its leases, then SIGCONT: it wakes believing that no time has passed`,
  touches: [role],
  lastsMs: FROZEN_MS[role],
  inject(target, random) {
    const node = oneRunning(target, role, random);
    const { pid } = node;
    node.signal('SIGSTOP');
    return Promise.resolve({
      end() {
        if (node.pid === pid) node.signal('SIGCONT');
        return Promise.resolve();
      },
    });
  },
}));

const BLOCK: readonly Fault[] = ALL_ROLES.map((role) => ({
  name: `block-${role}`,
  says: `the event loop of one ${role} does nothing else for 10 s`,
  touches: [role],
  lastsMs: [BLOCK_MS, BLOCK_MS],
  async inject(target, random) {
    await oneRunning(target, role, random).inside({ blockMs: BLOCK_MS });
    const overMs = performance.now() + BLOCK_MS;
    return { end: () => until(overMs, target.stopped) };
  },
}));

/** Nodes that live and do nothing. */
export const FREEZE_NODES: readonly Fault[] = [...FREEZE, ...BLOCK];
