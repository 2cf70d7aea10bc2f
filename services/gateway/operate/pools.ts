import type { Actions } from '../../../shared/contracts/actions.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { OperationName } from '../../../shared/operations/operations.ts';
import { firstWith } from '../../../shared/runtime/fleet.ts';
import { connectionsOperations } from './connections.ts';
import type { OperateTools, Run } from './handlers.ts';

const ASK_MS = 2_000;

/** What the operations on pools do. */
export function poolsOperations(tools: OperateTools): Record<Extract<OperationName, `pools.${string}`>, Run> {
  const { node, broker } = tools;
  return {
    ...connectionsOperations(tools),
    'pools.show': async ({ history }) => {
      // Of several monitors the first by name watches.
      const nodeID = firstWith(broker, 'pool-monitor');
      if (nodeID === undefined) throw unwatched('No relay runs, and relays watch the pools. Start one with `sluice relay`.', node.settings.poolSampleInterval);
      const report: Actions['pool-monitor.pools']['result'] = await broker.call('pool-monitor.pools', history === undefined ? {} : { historyMs: Number(history) }, { nodeID, timeout: ASK_MS });
      if (report === undefined || report === null) throw unwatched('The relay that watches the pools has only just begun.', node.settings.poolSampleInterval);
      return report;
    },
  };
}

function unwatched(detail: string, intervalMs: number): ProblemError {
  return new ProblemError({ status: 503, code: 'pools-unwatched', title: 'Nobody watches the pools', detail, headers: { 'Retry-After': String(Math.max(1, Math.ceil(intervalMs / 1_000))) } });
}
