import { pausedQueues, QUEUES, type QueueName, type QueueState } from '../../../shared/contracts/queues.ts';
import { inTransaction, type Ask } from '../../../shared/db/in-transaction.ts';
import { LIVE_SETTINGS, LOCK_SETTINGS } from '../../../shared/db/queries/live-settings.ts';
import { LANES } from '../../../shared/db/queries/queue-states.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { SETTINGS_CHANGED } from '../../../shared/live/follow-settings.ts';
import { keepChange } from '../../../shared/live/keep-change.ts';
import type { OperationName } from '../../../shared/operations/operations.ts';
import { askAll } from '../../../shared/runtime/fleet.ts';
import type { OperateTools, Run } from './handlers.ts';

const ASK_MS = 1_500;
const NAME = 'pausedQueues';
const NONE = 'none';

/** What the operations on queues do. */
export function queuesOperations({ node: { database: { pool }, settings }, broker }: OperateTools): Record<Extract<OperationName, `queues.${string}`>, Run> {
  /** Read under the lock: what this node runs may be a moment old, and two who pause at once must both be heard. */
  const pausedNow = async (ask: Ask): Promise<QueueName[]> => {
    await ask(LOCK_SETTINGS, []);
    const live = (await ask(LIVE_SETTINGS, [])).find(([name]) => name === NAME);
    return pausedQueues(live === undefined ? settings.pausedQueues : String(live[1]));
  };
  const set = (paused: boolean): Run => async ({ queue, why, dryRun }, actor) => {
    const told = await inTransaction(pool, 'write', settings.transactionTimeout, async (ask) => {
      const from = await pausedNow(ask);
      const to = QUEUES.filter((one) => (one === queue ? paused : from.includes(one)));
      if (dryRun === true) return { dryRun: true, queue, from, to };
      if (from.join() === to.join()) return { queue, from, to };
      return { queue, from, to, change: await keepChange(ask, { name: NAME, after: to.join() || NONE, why: why === undefined ? null : String(why), reverts: null }, actor, 'settings.set') };
    });
    if ('change' in told) await broker.broadcast(SETTINGS_CHANGED, {});
    return told;
  };
  return {
    'queues.show': async () => {
      const [{ answers, silent }, lanes] = await Promise.all([askAll(broker, 'node.flow', ASK_MS), runStatement(pool, LANES, [], settings.statementTimeout)]);
      const sum = (figure: string) => answers.reduce((all, { figures }) => all + (figures[figure] ?? 0), 0);
      const inFlight = (queue: QueueName) => sum(`batcher_in_hand_items:${queue}`);
      const oldest = Math.max(0, ...answers.map(({ figures }) => figures.batcher_queue_age_seconds ?? 0));
      const paused = pausedQueues(settings.pausedQueues);
      const laneOf = (queue: QueueName): QueueState => {
        const [, underway, waiting, oldestS] = lanes.find(([lane]) => lane === queue) ?? [];
        return { queue, paused: paused.includes(queue), underway: Number(underway ?? 0), inFlight: inFlight(queue), waiting: Number(waiting ?? 0), oldestS: oldestS == null ? null : Math.round(Number(oldestS)) };
      };
      const requests: QueueState = { queue: 'requests', paused: paused.includes('requests'), underway: sum('batcher_requests_active'), inFlight: inFlight('requests'), waiting: sum('batcher_queue_items'), oldestS: sum('batcher_queue_items') === 0 ? null : Math.round(oldest) };
      return { queues: QUEUES.map((queue) => (queue === 'requests' ? requests : laneOf(queue))), silent };
    },
    'queues.pause': set(true),
    'queues.resume': set(false),
  };
}
