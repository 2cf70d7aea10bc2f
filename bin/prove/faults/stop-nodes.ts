import type { Fault } from './fault.ts';
import { ALL_ROLES, NOTHING_TO_END, oneRunning } from './helpers.ts';

/** Nodes that are asked to stop (SIGTERM) while clients go on. */
export const STOP_NODES: readonly Fault[] = ALL_ROLES.map((role) => ({
  name: `stop-${role}`,
  says: `SIGTERM of one ${role} under load`,
  touches: [role],
  answersAll: true,
  inject(target, random) {
    oneRunning(target, role, random).signal('SIGTERM');
    return Promise.resolve(NOTHING_TO_END);
  },
}));
