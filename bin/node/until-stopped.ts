import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningNode } from '../../shared/runtime/node.ts';

/** Time in ms that a node has to end beyond its drain's own limit, before it ends as it is. */
export const DRAIN_LAST_RESORT_MS = 5_000;

/** Listens for the end from the first moment; a node that has not begun yet has nothing to finish, and ends at once. */
export interface StopWatch {
  /** Resolves when the node was asked to stop, and has. Rejects if stopping failed. */
  untilStopped(node: RunningNode, drainMs: number): Promise<void>;
}

/**
 * A node stops by SIGTERM or SIGINT, or because its parent has gone: a child of `sluice up` has an IPC channel, and when that closes
 * nobody may be left to stop it. A second signal ends it at once; a signal after the parent's death is a first one, for then the
 * parent's guard asks whom the closed channel has already told.
 */
export function watchStop(): StopWatch {
  let running: { node: RunningNode; stop: () => void } | undefined;
  let signals = 0;
  const onSignal = () => {
    signals += 1;
    if (!running) process.exit(1);
    if (signals > 1) {
      running.node.context.log.warn('asked to stop a second time: work in flight is left to the ledger');
      process.exit(1);
    }
    running.stop();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('disconnect', () => {
    if (!running) process.exit(1);
    running.node.context.log.warn('the parent process has gone; the node stops');
    running.stop();
  });
  process.channel?.unref(); // listening must not keep a stopped node alive
  return {
    untilStopped: (node, drainMs) =>
      new Promise((resolve, reject) => {
        const stop = () => {
          void sleep(drainMs + DRAIN_LAST_RESORT_MS, undefined, { ref: false }).then(() => {
            node.context.log.error('the node did not stop in time and ends as it is; what was in work is settled from the ledger');
            process.exit(1);
          });
          node.stop().then(resolve, reject);
        };
        running = { node, stop };
      }),
  };
}
