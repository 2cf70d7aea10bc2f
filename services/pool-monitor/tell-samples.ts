import type { PoolSample, PoolsBudget, PostgresView } from '../../shared/contracts/pools.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';

const STATES = ['active', 'idle', 'waiting', 'max'] as const;
const POSTGRES_STATES = ['all', 'active', 'idle', 'idle-in-transaction', 'waiting-for-locks', 'slow'] as const;

/** Replaces the last samples by these; the series of nodes that are gone end. */
export function rememberSamples(samples: Map<string, PoolSample>, answers: readonly PoolSample[], metrics: Pick<Metrics, 'set' | 'forget'>): void {
  for (const node of samples.keys()) {
    if (answers.some((a) => a.node === node)) continue;
    samples.delete(node);
    for (const state of STATES) metrics.forget('pool_connections', { node, state });
    metrics.forget('pool_utilization_share', { node });
    metrics.forget('pool_state', { node });
  }
  for (const sample of answers) {
    samples.set(sample.node, sample);
    for (const state of STATES) metrics.set('pool_connections', { node: sample.node, state }, sample[state]);
    metrics.set('pool_utilization_share', { node: sample.node }, sample.utilization);
  }
}

/** PostgreSQL's own view and the fleet's budget, as series. */
export function tellPostgres(metrics: Pick<Metrics, 'set'>, view: PostgresView, budget: PoolsBudget): void {
  const { connections, active, idle, idleInTransaction, waitingForLocks, slow } = view;
  const counts = { all: connections, active, idle, 'idle-in-transaction': idleInTransaction, 'waiting-for-locks': waitingForLocks, slow };
  for (const state of POSTGRES_STATES) metrics.set('pool_postgres_connections', { state }, counts[state]);
  metrics.set('pool_postgres_max_connections', {}, view.maxConnections);
  metrics.set('pool_postgres_utilization_share', {}, view.utilization);
  metrics.set('pool_postgres_longest_transaction_seconds', {}, view.longestTransactionMs / 1_000);
  metrics.set('pool_budget_connections', {}, budget.connections);
  metrics.set('pool_budget_granted_connections', {}, budget.granted);
  metrics.set('pool_budget_short_connections', {}, budget.shares.reduce((sum, { wanted, granted }) => sum + Math.max(0, wanted - granted), 0));
}

/** PostgreSQL does not tell, or another node does now. */
export function forgetPostgres(metrics: Pick<Metrics, 'forget'>): void {
  for (const state of POSTGRES_STATES) metrics.forget('pool_postgres_connections', { state });
  metrics.forget('pool_postgres_max_connections', {});
  metrics.forget('pool_postgres_utilization_share', {});
  metrics.forget('pool_postgres_longest_transaction_seconds', {});
  metrics.forget('pool_budget_connections', {});
  metrics.forget('pool_budget_granted_connections', {});
  metrics.forget('pool_budget_short_connections', {});
}
