import type { Pool } from 'pg';
import type { BatchState } from '../../../shared/batches/states.ts';
import { READ_LARGE } from '../../../shared/db/queries/large-batches.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';

/** A large batch as its rows say. */
export interface LargeRow {
  id: string;
  kind: string;
  client: string;
  state: BatchState;
  beforePause: BatchState | null;
  staged: boolean;
  lane: 'high' | 'normal' | 'low';
  parallelism: number;
  checkpointInterval: number;
  checkpointing: boolean;
  errorPolicy: string;
  maxRetries: number;
  format: string | null;
  csvHeader: string[] | null;
  total: number | null;
  /** Grows with each change of what clients see, so also with a pause that is over. */
  version: number;
  epoch: number;
  fence: 'open' | 'closed';
  receivedAt: string;
  /** Nobody holds its lease. */
  due: boolean;
  /** Until its deadline, by the database's clock. */
  leftMs: number;
}

/** Reads a large batch; undefined where there is none. @param leaseMs longest legal lease */
export async function readLarge(pool: Pool, id: string, leaseMs: number, timeoutMs: number): Promise<LargeRow | undefined> {
  const [c] = await runStatement(pool, READ_LARGE, [id, leaseMs], timeoutMs);
  if (c === undefined) return undefined;
  return {
    id: c[0] as string, kind: c[1] as string, client: c[2] as string, state: c[3] as BatchState, beforePause: c[4] as BatchState | null, staged: c[5] as boolean,
    lane: c[6] as LargeRow['lane'], parallelism: Number(c[7]), checkpointInterval: Number(c[8]), checkpointing: c[9] as boolean, errorPolicy: c[10] as string, maxRetries: Number(c[11]),
    format: c[13] as string | null, csvHeader: c[14] as string[] | null, total: c[20] === null ? null : Number(c[20]), version: Number(c[26]),
    epoch: Number(c[27]), fence: c[28] as 'open' | 'closed', receivedAt: new Date(c[29] as string).toISOString(), due: c[30] as boolean, leftMs: Number(c[31]),
  };
}
