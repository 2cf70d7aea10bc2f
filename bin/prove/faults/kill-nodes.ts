import type { Fault } from './fault.ts';
import { ALL_ROLES, NOTHING_TO_END, oneRunning } from './helpers.ts';

const KILL_ONE: readonly Fault[] = ALL_ROLES.map((role) => ({
  name: `kill-${role}`,
  says: `kill -9 of one ${role}`,
  touches: [role],
  inject(target, random) {
    oneRunning(target, role, random).signal('SIGKILL');
    return Promise.resolve(NOTHING_TO_END);
  },
}));

const KILL_ALL: Fault = {
  name: 'kill-all',
  says: 'kill -9 of all nodes at once',
  touches: ALL_ROLES,
  inject(target) {
    for (const node of target.nodes()) node.signal('SIGKILL');
    return Promise.resolve(NOTHING_TO_END);
  },
};

/** Nodes that end without a word. */
export const KILL_NODES: readonly Fault[] = [...KILL_ONE, KILL_ALL];
