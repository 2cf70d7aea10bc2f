import type { MetricName } from '../metrics/metrics.ts';
import type { PoolSample } from './pools.ts';

/**
 * The figures of a node that tell how records flow through it: a metric, summed over its labels, but for the one it is told apart by. A
 * histogram gives its sum and its count.
 */
export const FLOW_FIGURES = [
  ['batcher_batch_seconds'], ['batcher_items_total', 'outcome'], ['batcher_refusals_total'], ['gateway_refusals_total', 'reason'], ['batcher_requests_active'], ['batcher_uploads_active'], ['gateway_bodies_bytes'],
  ['batcher_queue_items'], ['batcher_queue_age_seconds'], ['batcher_lanes_items'], ['batcher_in_hand_items', 'queue'], ['batcher_slots', 'state'], ['batcher_items_underway'], ['batcher_handover_age_seconds'],
  ['writer_rows_total'], ['writer_flush_seconds'], ['writer_flushes_active'], ['writer_retries_total'],
  ['relay_messages_total', 'sink'], ['relay_send_seconds'], ['relay_retries_total'], ['relay_waiting_items', 'sink'], ['relay_lag_seconds', 'sink'], ['relay_shards_owned', 'sink'],
  ['relay_dead_letters', 'sink'], ['relay_breaker_state', 'cluster'], ['trade_breaker_state'], ['pool_breaker_state', 'node'], ['large_batches_late'],
] as const satisfies readonly (readonly [MetricName, string?])[];

/** What one node tells of its part of the flow. */
export interface NodeFlow {
  node: string;
  services: string[];
  /** Monotonic ms of that node: what counts are compared over. Smaller than before: it was started again. */
  at: number;
  uptimeS: number;
  memoryMb: number;
  /** CPU time used so far, ms. */
  cpuMs: number;
  pool: Pick<PoolSample, 'active' | 'waiting' | 'max'>;
  /** By metric, with `:` and the label's value where it is told apart, or `:sum` and `:count`. */
  figures: Record<string, number>;
}
