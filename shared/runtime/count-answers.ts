import type { AnswerCounts } from '../contracts/guards.ts';
import type { RecordKind } from '../records/record-kind.ts';
import type { NodeContext } from './node-context.ts';

/** The status from which an answer counts as an error. */
const ERRORS_FROM = 500;

/** What this node has answered since it started, as counts. */
export async function countAnswers({ nodeId, kinds, metrics }: Pick<NodeContext, 'nodeId' | 'kinds' | 'metrics'>): Promise<AnswerCounts> {
  const routes = new Set([...kinds.values()].flatMap(answeredRoutes));
  const ofRecords = ({ labels: { route } }: { labels: Record<string, string | number> }) => routes.has(String(route));
  const sum = (list: readonly { value: number }[]) => list.reduce((all, { value }) => all + value, 0);
  const answers = (await metrics.series('gateway_requests_total')).filter(ofRecords);
  const waits = await metrics.series('db_client_connection_wait_time_seconds');
  return {
    node: nodeId,
    requests: sum(answers),
    errors: sum(answers.filter(({ labels }) => Number(labels.status) >= ERRORS_FROM)),
    within: (await metrics.buckets('gateway_request_seconds', ofRecords))
      .filter(({ bound }) => Number.isFinite(bound)).map(({ bound, count }) => ({ ms: bound * 1_000, requests: count })),
    taken: sum(waits.filter(({ part }) => part === 'count')),
    waitedMs: sum(waits.filter(({ part }) => part === 'sum')) * 1_000,
  };
}

/** The paths on which a client waits for an answer about records. */
function answeredRoutes({ rest: { collection, one } }: RecordKind): string[] {
  return [`/api/v1/${collection}`, `/api/v1/${collection}/batch`, `/api/v1/${one}/{id}`, `/api/v1/${collection}/{id}`];
}
