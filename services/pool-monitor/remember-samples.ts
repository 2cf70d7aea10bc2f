import type { PoolSample } from '../../shared/contracts/actions.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';

const STATES = ['active', 'idle', 'waiting', 'max'] as const;

/** Replaces the last samples by these; the series of nodes that are gone end. */
export function rememberSamples(samples: Map<string, PoolSample>, answers: readonly PoolSample[], metrics: Pick<Metrics, 'set' | 'forget'>): void {
  for (const node of samples.keys()) {
    if (answers.some((a) => a.node === node)) continue;
    samples.delete(node);
    for (const state of STATES) metrics.forget('pool_connections', { node, state });
    metrics.forget('pool_utilization_share', { node });
  }
  for (const sample of answers) {
    samples.set(sample.node, sample);
    for (const state of STATES) metrics.set('pool_connections', { node: sample.node, state }, sample[state]);
    metrics.set('pool_utilization_share', { node: sample.node }, sample.utilization);
  }
}
