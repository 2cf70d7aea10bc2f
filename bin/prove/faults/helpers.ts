import { setTimeout as sleep } from 'node:timers/promises';
import { every } from '../../../shared/runtime/every.ts';
import type { Role } from '../../node/roles.ts';
import { oneOf } from '../random.ts';
import type { Target, TargetNode } from '../target.ts';
import type { Random } from './fault.ts';

export const ALL_ROLES: readonly Role[] = ['edge', 'writer', 'relay'];

/** Where there is nothing to put right. */
export const NOTHING_TO_END = { end: () => Promise.resolve() };

/** One of the nodes of a role that run now. @throws Error when none does */
export function oneRunning(target: Target, role: Role, random: Random): TargetNode & { pid: number } {
  const running = target.nodes(role).filter((node): node is TargetNode & { pid: number } => node.pid !== undefined);
  if (running.length === 0) throw new Error(`no ${role} runs that a fault could strike`);
  return oneOf(random, running);
}

/**
 * Does something at once and then again and again. @returns what ends it, which waits for the round that runs
 * @throws what the first round throws. Later ones may fail: the fault itself can be why
 */
export async function repeated(everyMs: number, work: () => Promise<void>): Promise<() => Promise<void>> {
  await work();
  const loop = every(everyMs, work, () => undefined);
  loop.start();
  return () => loop.stop();
}

/** Waits until a monotonic instant, or until the run is stopped. */
export async function until(atMs: number, stopped: AbortSignal): Promise<void> {
  await sleep(Math.max(0, atMs - performance.now()), undefined, { signal: stopped }).catch((error: unknown) => {
    if (!stopped.aborted) throw error;
  });
}
