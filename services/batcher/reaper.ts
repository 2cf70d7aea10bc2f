import type { Pool } from 'pg';
import { FORGET_COMMANDS } from '../../shared/db/queries/batch-commands.ts';
import { FIND_ORPHANS, FORGET_KEYS, RENEW_LEASES, SETTLE_ORPHAN } from '../../shared/db/queries/batches.ts';
import { runStatement } from '../../shared/db/run-statement.ts';

export interface ReaperTools {
  pool: Pool;
  owner: string;
  /** Ids of the batches that this edge works on. */
  inWork: ReadonlySet<string>;
  leaseMs: number;
  idempotencyHours: number;
  commandHours: number;
  statementTimeoutMs: number;
  onSettle(batches: number): void;
}

/** Renews the leases of the batches that this edge has in work. */
export async function renewLeases(tools: ReaperTools): Promise<void> {
  if (tools.inWork.size > 0) await runStatement(tools.pool, RENEW_LEASES, [tools.owner, tools.leaseMs, [...tools.inWork]], tools.statementTimeoutMs);
}

/** Settles batches whose edge went silent, and forgets keys and commands that are older than their time. Any edge may do it, all may. */
export async function reap(tools: ReaperTools): Promise<void> {
  const orphans = await runStatement(tools.pool, FIND_ORPHANS, [tools.leaseMs], tools.statementTimeoutMs);
  for (const [id] of orphans) await runStatement(tools.pool, SETTLE_ORPHAN, [id, tools.leaseMs], tools.statementTimeoutMs);
  if (orphans.length > 0) tools.onSettle(orphans.length);
  await runStatement(tools.pool, FORGET_KEYS, [tools.idempotencyHours], tools.statementTimeoutMs);
  await runStatement(tools.pool, FORGET_COMMANDS, [tools.commandHours], tools.statementTimeoutMs);
}
