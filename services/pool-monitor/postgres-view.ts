import type { Pool } from 'pg';
import type { PoolsBudget, PostgresView } from '../../shared/contracts/pools.ts';
import { ACTIVITY, ACTIVITY_BY_APPLICATION } from '../../shared/db/queries/activity.ts';
import { CONNECTION_LIMIT, POOL_SHARES } from '../../shared/db/queries/pool-shares.ts';
import { runStatement } from '../../shared/db/run-statement.ts';

const MOST_APPLICATIONS = 50;

/**
 * Asks PostgreSQL for its own view of its connections.
 * @param slowMs how long a statement runs before it counts as slow
 * @throws PostgreSQL's error, StatementTimeout
 */
export async function viewPostgres(pool: Pool, slowMs: number, timeoutMs: number): Promise<Omit<PostgresView, 'state'>> {
  const [row = []] = await runStatement(pool, ACTIVITY, [slowMs], timeoutMs);
  const applications = await runStatement(pool, ACTIVITY_BY_APPLICATION, [MOST_APPLICATIONS], timeoutMs);
  const [maxConnections = 0, reserved = 0, connections = 0, active = 0, idle = 0, idleInTransaction = 0, waitingForLocks = 0, slow = 0, longestTransactionMs = 0] = row.map(Number);
  return {
    maxConnections, reserved, connections, utilization: connections / Math.max(1, maxConnections - reserved), active, idle, idleInTransaction, waitingForLocks, slow,
    longestTransactionMs: Math.round(longestTransactionMs),
    byApplication: applications.map(([application, count]) => ({ application: String(application), connections: Number(count) })),
  };
}

/**
 * Reads what the fleet may have of PostgreSQL's connections, and what its nodes have.
 * @param reserve connections that are left to others
 * @throws PostgreSQL's error, StatementTimeout
 */
export async function viewBudget(pool: Pool, reserve: number, timeoutMs: number): Promise<PoolsBudget> {
  const [[most, reserved] = []] = await runStatement(pool, CONNECTION_LIMIT, [], timeoutMs);
  const shares = (await runStatement(pool, POOL_SHARES, [], timeoutMs)).map(([node, wanted, least, granted]) => ({ node: String(node), wanted: Number(wanted), least: Number(least), granted: Number(granted) }));
  return { connections: Number(most) - Number(reserved) - reserve, reserve, granted: shares.reduce((sum, { granted }) => sum + granted, 0), shares };
}
