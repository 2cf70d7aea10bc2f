import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { CLAIM_KEY, READ_KEY, RELEASE_KEY, TAKE_OVER } from '../../shared/db/queries/batches.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import { ProblemError } from '../../shared/errors/problem.ts';
import { cameToNothing, readLedger, type BatchHead, type LedgerAnswer } from './settle.ts';

/** How a request with an Idempotency-Key begins. */
export type KeyedStart =
  /** The key is new: the batch is open and ours. */
  | { start: 'fresh' }
  /** The answer is known: an earlier request with this key finished. */
  | { start: 'replay'; batch: BatchHead; answer: LedgerAnswer }
  /** The earlier request's edge went silent: its batch is ours now; what the ledger lacks is still to be written. */
  | { start: 'resume'; batch: BatchHead; epoch: number; answer: LedgerAnswer };

export interface KeyTools {
  pool: Pool;
  owner: string;
  leaseMs: number;
  statementTimeoutMs: number;
  now: () => number;
}

const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 400;

/**
 * Claims a key for a batch. The same key twice at once: the second waits for the first within its deadline.
 * @throws ProblemError 422 when the key came with another body before, 409 `request-in-progress` when time is over
 */
export async function startKeyed(tools: KeyTools, fresh: BatchHead, key: { key: string; sha: string }, deadlineAt: number): Promise<KeyedStart> {
  const { pool, statementTimeoutMs } = tools;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
    const claimed = await runStatement(pool, CLAIM_KEY, [fresh.batchId, fresh.kind, fresh.client, fresh.requested, fresh.receivedAt, tools.owner, tools.leaseMs, key.key, key.sha, fresh.clientReference ?? null], statementTimeoutMs);
    if (claimed.length > 0) return { start: 'fresh' };
    const [known] = await runStatement(pool, READ_KEY, [fresh.client, key.key, key.sha, tools.leaseMs], statementTimeoutMs);
    if (known === undefined) continue;
    const [same, batchId, state, epoch, requested, receivedAt, due] = known as [boolean, string, string | null, number, number, Date, boolean];
    if (!same) throw otherBody();
    const batch = { ...fresh, batchId, requested, receivedAt: new Date(receivedAt).toISOString() };
    // Claimed by us in a try whose answer was lost.
    if (batchId === fresh.batchId && state === 'open' && epoch === 0) return { start: 'fresh' };
    if (state === 'closed') {
      const answer = await readLedger(pool, batchId, requested, statementTimeoutMs);
      if (!cameToNothing(answer)) return { start: 'replay', batch, answer };
      await runStatement(pool, RELEASE_KEY, [fresh.client, key.key, batchId], statementTimeoutMs);
      continue;
    }
    if (state === 'open' && due) {
      const [taken] = await runStatement(pool, TAKE_OVER, [batchId, epoch, tools.owner, tools.leaseMs], statementTimeoutMs);
      if (taken !== undefined) return { start: 'resume', batch, epoch: Number(taken[0]), answer: await readLedger(pool, batchId, requested, statementTimeoutMs) };
      continue;
    }
    if (tools.now() + pause >= deadlineAt) throw inProgress();
    await sleep(pause);
  }
}

/** 422: the key is taken by another request. */
export function otherBody(): ProblemError {
  return new ProblemError({ status: 422, code: 'idempotency-key-reused', title: 'Idempotency-Key used for another body', detail: 'This Idempotency-Key came with another body before. Send this request with a key of its own.' });
}

/** 409: the first request with the key still runs. */
export function inProgress(): ProblemError {
  return new ProblemError({ status: 409, code: 'request-in-progress', title: 'Request in progress', detail: 'A request with this Idempotency-Key is still running. Ask again with the same key and body.', headers: { 'Retry-After': '1' } });
}
