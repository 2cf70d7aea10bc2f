import type { Fault } from './fault.ts';
import { KILL_WRITER } from './kill-nodes.ts';

/** Every fault that `sluice prove` knows, in the order of its table. */
export const ALL_FAULTS: readonly Fault[] = [KILL_WRITER];
