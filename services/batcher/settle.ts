import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Reject } from '../../shared/contracts/slices.ts';
import { READ_SLICES, SETTLE_BATCH } from '../../shared/db/queries/batches.ts';
import { runStatement } from '../../shared/db/run-statement.ts';

/** A batch as far as its row must be known to settle it, even if no row was written yet. */
export interface BatchHead {
  batchId: string;
  kind: string;
  client: string;
  clientReference?: string;
  requested: number;
  receivedAt: string;
}

/** What the ledger says of a batch. */
export interface LedgerAnswer {
  /** By index: the record's id, or 0. */
  ids: number[];
  rejects: Reject[];
  /** Indexes that the ledger lacks. */
  missing: number[];
}

const PAUSE_MS = 100;

/** Whether a settled batch stored nothing although it could have: its key is free for a repeat that does the work. */
export function cameToNothing(answer: LedgerAnswer): boolean {
  return answer.missing.length > 0 && !answer.ids.some((id) => id > 0);
}

/**
 * Turns "unknown" into "known": no attempt can write for the batch after this, and what the ledger holds then is all
 * there is. Deadlines, dead edges, repeats and lost writers all end here.
 * @param patienceMs how long PostgreSQL may take; each try waits for running flushes at most lock_timeout
 * @returns undefined when PostgreSQL itself did not answer in that time: a reaper settles later
 */
export async function settle(pool: Pool, batch: BatchHead, patienceMs: number, statementTimeoutMs: number, now: () => number, onFailure: (error: unknown) => void): Promise<LedgerAnswer | undefined> {
  const end = now() + patienceMs;
  for (;;) {
    try {
      await runStatement(pool, SETTLE_BATCH, [batch.batchId, batch.kind, batch.client, batch.requested, batch.receivedAt, batch.clientReference ?? null], statementTimeoutMs);
      return await readLedger(pool, batch.batchId, batch.requested, statementTimeoutMs);
    } catch (error) {
      onFailure(error);
      if (now() + PAUSE_MS >= end) return undefined;
      await sleep(PAUSE_MS);
    }
  }
}

/** Reads what the ledger holds of a batch. It is final only when the batch is closed or taken over. */
export async function readLedger(pool: Pool, batchId: string, requested: number, statementTimeoutMs: number): Promise<LedgerAnswer> {
  const rows = await runStatement(pool, READ_SLICES, [batchId], statementTimeoutMs);
  const ids = new Array<number>(requested).fill(0);
  const rejects: Reject[] = [];
  const covered = new Uint8Array(requested);
  for (const [firstIndexText, spanText, firstIdText, sliceRejects] of rows) {
    const firstIndex = Number(firstIndexText);
    const firstId = Number(firstIdText);
    for (let i = 0; i < Number(spanText); i++) {
      ids[firstIndex + i] = firstId + i;
      covered[firstIndex + i] = 1;
    }
    for (const reject of (sliceRejects as Reject[] | null) ?? []) {
      rejects.push(reject);
      ids[reject[0]] = 0;
    }
  }
  const missing: number[] = [];
  for (let i = 0; i < requested; i++) if (covered[i] === 0) missing.push(i);
  return { ids, rejects, missing };
}
