import type { PoolSample } from '../contracts/pools.ts';
import { every, type Loop } from './every.ts';
import type { NodeContext } from './node-context.ts';

const LOOK_MS = 1_000;
/** Share of the longest wait for a connection from which on somebody who waits counts for the admission breaker. */
const LONG_SHARE = 0.25;
/** Of connections held too long; their number is not bounded by anything else than the pool. */
const MOST_HELD = 10;

/** The pool's figures at this moment; utilization is over the maximum, not over what happens to be open. */
export function samplePool(node: Pick<NodeContext, 'nodeId' | 'services' | 'settings' | 'database'>): PoolSample {
  const { pool, watch } = node.database;
  const max = pool.options.max ?? 0;
  const active = pool.totalCount - pool.idleCount;
  const services = node.services.join(', ');
  const [longest = null] = watch.held(0, services);
  const heldTooLong = watch.held(node.settings.heldConnection, services).slice(0, MOST_HELD);
  return { node: node.nodeId, services: [...node.services], active, idle: pool.idleCount, waiting: pool.waitingCount, waitingLong: watch.waiting(node.settings.acquireTimeout * LONG_SHARE), max, utilization: max === 0 ? 0 : active / max, longest, heldTooLong };
}

/**
 * Tells of a node's pool: its metrics, and a line for each connection that is held longer than it should be, when it is noticed and
 * when it is given back after all.
 * @param role names the pool in the metrics
 * @returns what was started
 */
export function tellPool(node: Pick<NodeContext, 'services' | 'settings' | 'database' | 'metrics' | 'log'>, role: string): Loop {
  const { database: { pool, watch }, metrics, log, settings } = node;
  const services = node.services.join(', ');
  const labels = { pool: role };
  watch.events = {
    taken: (waitedMs) => metrics.observe('db_client_connection_wait_time_seconds', labels, waitedMs / 1_000),
    given(heldMs, overdue) {
      metrics.observe('db_client_connection_use_time_seconds', labels, heldMs / 1_000);
      if (overdue) log.warn({ heldMs: Math.round(heldMs) }, 'a connection that was held too long was given back');
    },
    timedOut: () => metrics.count('db_client_connection_timeouts_total', labels),
  };
  metrics.count('db_client_connection_timeouts_total', labels, 0);
  metrics.sampled(() => {
    metrics.set('db_client_connection_count', { ...labels, state: 'used' }, pool.totalCount - pool.idleCount);
    metrics.set('db_client_connection_count', { ...labels, state: 'idle' }, pool.idleCount);
    metrics.set('db_client_connection_max', labels, pool.options.max ?? 0);
    metrics.set('db_client_connection_pending_requests', labels, pool.waitingCount);
    metrics.set('pool_held_connections', {}, watch.held(settings.heldConnection, services).length);
  });
  const looking = every(LOOK_MS, async () => {
    for (const held of watch.overdue(settings.heldConnection, services)) {
      metrics.count('pool_held_connections_total', {});
      log.warn(held, 'a connection is held for too long');
    }
  }, (error) => log.warn({ err: error }, 'held connections could not be looked for'));
  looking.start();
  return looking;
}
