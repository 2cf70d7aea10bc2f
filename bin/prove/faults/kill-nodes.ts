import type { Target } from '../target.ts';
import type { Fault, Random } from './fault.ts';

/** kill -9 of one writer. */
export const KILL_WRITER: Fault = {
  name: 'kill-writer',
  says: 'kill -9 of one writer',
  touches: ['writer'],
  inject(target: Target, random: Random) {
    const writers = target.nodes('writer');
    writers[Math.floor(random() * writers.length)]?.signal('SIGKILL');
    return Promise.resolve({ end: () => Promise.resolve() });
  },
};
