import { pausedQueues, QUEUES, type QueueName, type QueueState } from '../../../shared/contracts/queues.ts';
import { LANES } from '../../../shared/db/queries/queue-states.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import type { OperationName } from '../../../shared/operations/operations.ts';
import { askAll } from '../../../shared/runtime/fleet.ts';
import type { OperateTools, Run } from './handlers.ts';

const ASK_MS = 1_500;
const NONE = 'none';

/**
 * What the operations on queues do.
 * @param setSetting what changes a live setting, with its history, its audit and its preview
 */
export function queuesOperations({ node: { database: { pool }, settings }, broker }: OperateTools, setSetting: Run): Record<Extract<OperationName, `queues.${string}`>, Run> {
  const set = (paused: boolean): Run => async ({ queue, why, dryRun }, actor) => {
    const before = pausedQueues(settings.pausedQueues);
    const after = QUEUES.filter((one) => (one === queue ? paused : before.includes(one)));
    const told = { queue, from: before, to: after };
    if (before.join() === after.join()) return { ...told, ...(dryRun === true ? { dryRun } : {}) };
    const { change, silent } = (await setSetting({ name: 'pausedQueues', value: after.join() || NONE, why, dryRun }, actor)) as { change?: number; silent: string[] };
    return { ...told, silent, ...(dryRun === true ? { dryRun } : { change }) };
  };
  return {
    'queues.show': async () => {
      const [{ answers, silent }, lanes] = await Promise.all([askAll(broker, 'node.flow', ASK_MS), runStatement(pool, LANES, [], settings.statementTimeout)]);
      const sum = (figure: string) => answers.reduce((all, { figures }) => all + (figures[figure] ?? 0), 0);
      const oldest = Math.max(0, ...answers.map(({ figures }) => figures.batcher_queue_age_seconds ?? 0));
      const paused = pausedQueues(settings.pausedQueues);
      const laneOf = (queue: QueueName): QueueState => {
        const [, underway, waiting, oldestS] = lanes.find(([lane]) => lane === queue) ?? [];
        return { queue, paused: paused.includes(queue), underway: Number(underway ?? 0), waiting: Number(waiting ?? 0), oldestS: oldestS == null ? null : Math.round(Number(oldestS)) };
      };
      const requests: QueueState = { queue: 'requests', paused: paused.includes('requests'), underway: sum('batcher_requests_active'), waiting: sum('batcher_queue_items'), oldestS: sum('batcher_queue_items') === 0 ? null : Math.round(oldest) };
      return { queues: QUEUES.map((queue) => (queue === 'requests' ? requests : laneOf(queue))), silent };
    },
    'queues.pause': set(true),
    'queues.resume': set(false),
  };
}
