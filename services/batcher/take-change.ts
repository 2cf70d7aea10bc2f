import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { ChangeAnswer, ChangeOutcome, ChangeRecord, TakeChange } from '../../shared/contracts/actions.ts';
import { FIND_CHANGE } from '../../shared/db/queries/change-record.ts';
import { CLAIM_KEY_ONLY, READ_KEY, RELEASE_KEY, SETTLE_BATCH } from '../../shared/db/queries/batches.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import { FLEET_ERRORS, fleetErrorType } from '../../shared/errors/fleet-errors.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import { inProgress, otherBody } from './batch-key.ts';
import { referenceOf } from './take-batch.ts';

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
/** Errors of a call that no writer ever had, or that came to its turn too late. */
const NEVER_SENT = new Set<string>(['SERVICE_NOT_FOUND', 'SERVICE_NOT_AVAILABLE', 'QUEUE_FULL', FLEET_ERRORS.tooLate]);

/**
 * Changes one record. The change's batch id makes it safe to try again as long as the deadline allows, and the same
 * Idempotency-Key leads to the same batch id: a repeat answers as the first did.
 * When time is over and a writer was called, the change is settled: made, or never to be made any more.
 * @throws ProblemError 422 when the key came with another body before, 409 when an earlier request with it still runs
 */
export async function takeChange(tools: ChangeTools, params: TakeChange): Promise<ChangeAnswer> {
  const end = tools.now() + params.deadlineMs;
  const { batchId, known } = await batchIdOf(tools, params);
  const change: ChangeRecord = { kind: params.kind, id: params.id, body: params.body, version: params.version, ...(params.remove === true ? { remove: true } : {}), batchId, client: params.client, deadlineMs: params.deadlineMs, trace: params.trace, ...referenceOf(params) };
  let uncertain = false;
  for (;;) {
    const left = end - tools.now();
    if (left <= 0) {
      if (known) throw inProgress();
      if (uncertain && !(await settledAsNotMade(tools, params, batchId))) return { batchId, replayed: false, outcome: { outcome: 'unknown' } };
      await releaseKey(tools, params, batchId);
      return { batchId, replayed: false, outcome: { outcome: 'withdrawn', retryAfter: tools.retryAfter() } };
    }
    try {
      const callMs = Math.min(left, CALL_MS);
      const outcome = await tools.change({ ...change, deadlineMs: callMs }, callMs);
      if (!['changed', 'repeat', 'deleted'].includes(outcome.outcome)) await releaseKey(tools, params, batchId);
      if (outcome.outcome === 'fenced') return { batchId, replayed: false, outcome: { outcome: 'withdrawn', retryAfter: tools.retryAfter() } };
      return { batchId, replayed: known && (outcome.outcome === 'repeat' || (outcome.outcome === 'deleted' && outcome.again)), outcome };
    } catch (error) {
      if (!NEVER_SENT.has(fleetErrorType(error) ?? '')) uncertain = true;
      tools.log.warn({ err: error, requestId: params.requestId }, 'a change failed and is tried again');
      await sleep(Math.min(PAUSE_MS, Math.max(0, end - tools.now())));
    }
  }
}

/** A change that did nothing leaves its key free; if that can't be said now, the next use of the key runs into the same change. */
async function releaseKey(tools: ChangeTools, params: TakeChange, batchId: string): Promise<void> {
  if (params.key === undefined) return;
  try {
    await runStatement(tools.pool, RELEASE_KEY, [params.client, params.key.key, batchId], tools.statementTimeoutMs);
  } catch (error) {
    tools.log.warn({ err: error, requestId: params.requestId }, 'the key of a change that did nothing could not be released');
  }
}

/** Takes the change's batch id, so that no writer can make the change any more; true if none has made it before. */
async function settledAsNotMade(tools: ChangeTools, params: TakeChange, batchId: string): Promise<boolean> {
  try {
    await runStatement(tools.pool, SETTLE_BATCH, [batchId, params.kind, params.client, 1, new Date().toISOString(), params.clientReference ?? null], tools.statementTimeoutMs);
    return (await runStatement(tools.pool, { name: 'find-change', text: FIND_CHANGE }, [batchId], tools.statementTimeoutMs)).length === 0;
  } catch (error) {
    tools.log.warn({ err: error, requestId: params.requestId }, 'a change of unknown outcome could not be settled');
    return false;
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
