import type { BatchOutcome, TakeBatch } from '../../shared/contracts/actions.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';

/** Upper bounds of the size classes that metrics tell apart. */
const SIZES: readonly [number, string][] = [[1, '1'], [50, '2-50'], [500, '51-500'], [1_000, '501-1000'], [5_000, '1001-5000']];

/** Counts and logs what became of a batch. */
export function reportBatch(node: NodeContext, params: TakeBatch, outcome: BatchOutcome): void {
  const { metrics, log } = node;
  const { kind } = params;
  if (outcome.replayed || outcome.state === 'pending') return;
  const rejected = new Set(outcome.rejects.map((r) => r[0])).size;
  const withdrawn = outcome.withdrawn.length;
  const written = outcome.requested - rejected - withdrawn;
  const size = SIZES.find(([most]) => outcome.requested <= most)?.[1] ?? '5001+';
  metrics.observe('batcher_batch_seconds', { kind, size }, outcome.metrics.totalMs / 1_000);
  metrics.count('batcher_items_total', { kind, outcome: 'written' }, written);
  metrics.count('batcher_items_total', { kind, outcome: 'rejected' }, rejected);
  metrics.count('batcher_items_total', { kind, outcome: 'withdrawn' }, withdrawn);
  const line = { requestId: params.requestId, batchId: outcome.batchId, kind, requested: outcome.requested, written, rejected, withdrawn, slices: outcome.metrics.slices, ms: Math.round(outcome.metrics.totalMs) };
  if (params.single === true && withdrawn === 0) log.debug(line, 'record');
  else if (withdrawn > 0) log.warn(line, 'batch, with items withdrawn');
  else log.info(line, 'batch');
}
