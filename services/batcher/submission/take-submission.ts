import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { SubmitOrders, SubmissionOutcome } from '../../../shared/contracts/submissions.ts';
import { CLAIM_SUBMISSION_KEY, KEEP_ANSWER, READ_SUBMISSION_KEY, RELEASE_SUBMISSION_KEY, TAKE_OVER_SUBMISSION } from '../../../shared/db/queries/submissions.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import type { Logger } from '../../../shared/runtime/log.ts';
import { inProgress, otherBody } from '../batch-key.ts';
import type { OrderStore } from './order-store.ts';
import type { OrderOutcome } from '../../../shared/contracts/submissions.ts';
import { standingOf } from './outcomes.ts';
import type { Submitter } from './submitter.ts';

export interface SubmissionTools {
  pool: Pool;
  submitter: Submitter;
  store: Pick<OrderStore, 'load'>;
  statementTimeoutMs: number;
  /** Longest that a request may take. */
  deadlineMs: number;
  now: () => number;
  /** Seconds after which asking again makes sense, for orders that were not sent. */
  retryAfter: () => number;
  onOutcome: (outcome: OrderOutcome['outcome'], orders: number) => void;
  onRequest: (ms: number) => void;
  log: Logger;
}

type KeyedStart = { submissionId: string; answer: [number, OrderOutcome][] | undefined };

/** Beyond a request's deadline, until another edge may take its work over. */
const GRACE_MS = 10_000;
const PAUSE_MS = 100;

/**
 * Submits the orders of one request, and answers for each what is known by its deadline; what is not goes on. The same Idempotency-Key
 * answers as before; what was unknown then is told as it is now.
 * @throws ProblemError 422 when the key came with another body before, 409 while an earlier request with it runs
 */
export async function takeSubmission(tools: SubmissionTools, params: SubmitOrders): Promise<SubmissionOutcome> {
  const began = tools.now();
  const end = began + params.deadlineMs;
  const { submissionId, answer } = params.key === undefined ? { submissionId: params.submissionId, answer: undefined } : await startKeyed(tools, params, params.key, end);
  if (answer !== undefined) return { submissionId, outcomes: await asOfNow(tools, answer, submissionId), replayed: true, retryAfter: tools.retryAfter(), metrics: undefined };

  const { outcomes: asked, figures } = tools.submitter.submit(params.orderIds, { submissionId, client: params.client, trace: params.trace });
  const known = new Map<number, OrderOutcome>();
  const all = Promise.all([...asked].map(async ([id, outcome]) => known.set(id, await outcome)));
  const late = new AbortController();
  await Promise.race([all, sleep(Math.max(0, end - tools.now()), undefined, { signal: late.signal, ref: false }).catch(() => undefined)]);
  late.abort();
  const outcomes = params.orderIds.map((id): [number, OrderOutcome] => [id, known.get(id) ?? { outcome: 'unknown', flag: null }]);
  if (params.key !== undefined) await keepAnswer(tools, params, submissionId, outcomes);
  const counts = new Map<OrderOutcome['outcome'], number>();
  for (const [, { outcome }] of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  for (const [outcome, orders] of counts) tools.onOutcome(outcome, orders);
  tools.onRequest(tools.now() - began);
  return { submissionId, outcomes, replayed: false, retryAfter: tools.retryAfter(), metrics: { orders: params.orderIds.length, successes: counts.get('sent') ?? 0, ...figures, totalMs: tools.now() - began } };
}

async function startKeyed(tools: SubmissionTools, { client, submissionId }: SubmitOrders, { key, sha }: { key: string; sha: string }, end: number): Promise<KeyedStart> {
  const run = (statement: NamedStatement, values: unknown[]) => runStatement(tools.pool, statement, values, tools.statementTimeoutMs);
  const atWorkMs = tools.deadlineMs + GRACE_MS;
  for (;;) {
    if ((await run(CLAIM_SUBMISSION_KEY, [client, key, sha, submissionId, atWorkMs])).length > 0) return { submissionId, answer: undefined };
    const [row] = await run(READ_SUBMISSION_KEY, [client, key, sha, atWorkMs]);
    if (row === undefined) continue;
    const [same, earlier, answer, over] = row as [boolean, string, string | null, boolean];
    if (!same) throw otherBody();
    if (answer !== null) return { submissionId: earlier, answer: JSON.parse(answer) as [number, OrderOutcome][] };
    // Its edge died: what it had sent stands under this submission id, and is not sent again.
    if (over && (await run(TAKE_OVER_SUBMISSION, [earlier, atWorkMs])).length > 0) return { submissionId: earlier, answer: undefined };
    if (tools.now() + PAUSE_MS >= end) throw inProgress();
    await sleep(PAUSE_MS);
  }
}

/** A request that did nothing leaves its key free. If its answer can't be kept, a repeat does what is left, and finds what was sent. */
async function keepAnswer(tools: SubmissionTools, { client, key }: SubmitOrders, submissionId: string, outcomes: readonly [number, OrderOutcome][]): Promise<void> {
  const nothing = outcomes.every(([, { outcome }]) => outcome === 'unsent');
  try {
    if (nothing) await runStatement(tools.pool, RELEASE_SUBMISSION_KEY, [client, key?.key, submissionId], tools.statementTimeoutMs);
    else await runStatement(tools.pool, KEEP_ANSWER, [submissionId, JSON.stringify(outcomes)], tools.statementTimeoutMs);
  } catch (error) {
    tools.log.warn({ err: error, submissionId }, 'the answer of a keyed submission could not be kept');
  }
}

/** An answer given again: what was not known then as it is now. */
async function asOfNow(tools: SubmissionTools, answer: [number, OrderOutcome][], submissionId: string): Promise<[number, OrderOutcome][]> {
  const open = answer.filter(([, { outcome }]) => outcome === 'unknown').map(([id]) => id);
  if (open.length === 0) return answer;
  const found = await tools.store.load(open);
  return answer.map(([id, outcome]) => {
    if (outcome.outcome !== 'unknown') return [id, outcome];
    const standing = standingOf(found.get(id), true, submissionId);
    if (standing.standing === 'ended') return [id, standing.outcome];
    return [id, standing.standing === 'busy' ? { outcome: 'unknown', flag: standing.flag } : { outcome: 'unsent', code: 'released' }];
  });
}
