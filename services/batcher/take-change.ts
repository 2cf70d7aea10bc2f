import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { ChangeAnswer, ChangeOutcome, ChangeRecord, TakeChange } from '../../shared/contracts/actions.ts';
import { CLAIM_KEY_ONLY, READ_KEY, RELEASE_KEY } from '../../shared/db/queries/batches.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import { otherBody } from './batch-key.ts';

export interface ChangeTools {
  pool: Pool;
  /** Calls `writer.change` on any writer, with this time limit. */
  change(params: ChangeRecord, timeoutMs: number): Promise<ChangeOutcome>;
  statementTimeoutMs: number;
  leaseMs: number;
  now: () => number;
  retryAfter: () => number;
  log: Logger;
}

const PAUSE_MS = 100;
/** A call that had no answer by then is made again: with the same batch id it is harmless. */
const CALL_MS = 8_000;

/**
 * Changes one record. The change's batch id makes it safe to try again as long as the deadline allows, and the same
 * Idempotency-Key leads to the same batch id: a repeat answers as the first did.
 * @throws ProblemError 422 when the key came with another body before
 */
export async function takeChange(tools: ChangeTools, params: TakeChange): Promise<ChangeAnswer> {
  const end = tools.now() + params.deadlineMs;
  const { batchId, known } = await batchIdOf(tools, params);
  const change: ChangeRecord = { kind: params.kind, id: params.id, body: params.body, version: params.version, batchId, client: params.client, deadlineMs: params.deadlineMs, trace: params.trace };
  let uncertain = known;
  for (;;) {
    const left = end - tools.now();
    if (left <= 0) return { batchId, replayed: false, outcome: uncertain ? { outcome: 'unknown' } : { outcome: 'withdrawn', retryAfter: tools.retryAfter() } };
    try {
      const outcome = await tools.change(change, Math.min(left, CALL_MS));
      if (outcome.outcome !== 'changed' && outcome.outcome !== 'repeat' && params.key !== undefined) {
        await runStatement(tools.pool, RELEASE_KEY, [params.client, params.key.key, batchId], tools.statementTimeoutMs);
      }
      return { batchId, replayed: outcome.outcome === 'repeat' && known, outcome };
    } catch (error) {
      uncertain = true;
      tools.log.warn({ err: error, requestId: params.requestId }, 'a change failed and is tried again');
      await sleep(Math.min(PAUSE_MS, Math.max(0, end - tools.now())));
    }
  }
}

async function batchIdOf(tools: ChangeTools, params: TakeChange): Promise<{ batchId: string; known: boolean }> {
  const { batchId } = params;
  if (params.key === undefined) return { batchId, known: false };
  const { key, sha } = params.key;
  for (;;) {
    const claimed = await runStatement(tools.pool, CLAIM_KEY_ONLY, [params.client, key, sha, batchId], tools.statementTimeoutMs);
    if (claimed.length > 0) return { batchId, known: false };
    const [row] = await runStatement(tools.pool, READ_KEY, [params.client, key, sha, tools.leaseMs], tools.statementTimeoutMs);
    if (row === undefined) continue;
    if (row[0] !== true) throw otherBody();
    return { batchId: String(row[1]), known: true };
  }
}
