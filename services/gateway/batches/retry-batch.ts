import { isFinal, moved, COMMANDS, type BatchState } from '../../../shared/batches/states.ts';
import { LARGE_HEAD } from '../../../shared/db/queries/batch-steering.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { BodyReader } from '../body/body-reader.ts';
import { batchStatus } from '../list/batch-status.ts';
import type { Run } from './large-facts.ts';
import type { RetryRequest } from './retry-failed.ts';
import { noSuchLargeBatch } from './tune-batch.ts';

export interface Retried {
  /** The new batch; its `parent` is the old one. */
  batchId: string;
  parent: string;
  /** How many of the failed items it has. */
  items: number;
}

/** What a retry would do. */
export interface RetryPlan {
  dryRun: true;
  parent: string;
  items: number;
}

/** How failed items are carried out again, of kinds whose items are kept after they failed. */
export interface Retry {
  /** Opens a batch of the failed items of another one, or nothing where none is kept. */
  carryOut: (request: RetryRequest) => Promise<Retried | undefined>;
  /** How many of a batch are kept. */
  count: (batchId: string) => Promise<number>;
}

export interface RetryTools {
  run: Run;
  /** Undefined where the items of a kind are not kept. */
  retryOf: (kind: string) => Retry | undefined;
  /** Throws where the caller may not submit this kind. */
  assertMay: (kind: string) => void;
}

/**
 * Reads the body of a retry: {dryRun?}.
 * @throws ProblemError 400 `invalid-body`
 */
export function parseRetry(body: unknown): { dryRun: boolean } {
  const read = new BodyReader(body, ['dryRun']);
  const dryRun = read.flag('dryRun');
  read.end();
  return { dryRun };
}

/**
 * Carries the failed items of a batch out again.
 * @throws ProblemError 404; 409 `not-now` while it has not ended, `nothing-failed`, or `items-not-kept`
 */
export async function retryBatch(tools: RetryTools, request: RetryRequest): Promise<Retried> {
  const old = await endedWithFailures(tools, request);
  return await old.retry?.carryOut(request) ?? notKept(request.batchId, old);
}

/** What `retryBatch` would do now. @throws ProblemError as it */
export async function planRetry(tools: RetryTools, request: Pick<RetryRequest, 'batchId' | 'client'>): Promise<RetryPlan> {
  const old = await endedWithFailures(tools, request);
  const items = await old.retry?.count(request.batchId) ?? 0;
  return items === 0 ? notKept(request.batchId, old) : { dryRun: true, parent: request.batchId, items };
}

interface Old {
  kind: string;
  state: BatchState;
  /** Undefined where the counts of the batch are gone. */
  rejected: number | undefined;
  retry: Retry | undefined;
}

async function endedWithFailures({ run, retryOf, assertMay }: RetryTools, { batchId, client }: Pick<RetryRequest, 'batchId' | 'client'>): Promise<Old> {
  const [head] = await run(LARGE_HEAD, [batchId, client]);
  if (head === undefined) throw noSuchLargeBatch();
  const [kind, state] = head as [string, BatchState];
  assertMay(kind);
  if (!isFinal(state)) {
    const allowed = COMMANDS.filter((command) => 'state' in moved(state, command, null));
    throw new ProblemError({ status: 409, code: 'not-now', title: 'Not in this state', detail: `The batch is ${state}; its failed items can be tried again once it has ended. Now allowed: ${allowed.length > 0 ? allowed.join(', ') : 'nothing; ask again'}.`, extra: { state, allowed } });
  }
  const counts = await batchStatus(run, batchId);
  if (counts !== undefined && counts.rejected + counts.withdrawn === 0) throw new ProblemError({ status: 409, code: 'nothing-failed', title: 'Nothing failed', detail: 'No item of the batch failed: there is nothing to try again.', extra: { state, allowed: [] } });
  return { kind, state, rejected: counts?.rejected, retry: retryOf(kind) };
}

function notKept(batchId: string, { kind, state, rejected }: Old): never {
  const items = `/api/v1/batches/${batchId}/items?status=FAILED`;
  throw new ProblemError({
    status: 409, code: 'items-not-kept', title: 'The failed items are not kept',
    detail: `Of the items of kind ${kind} that failed none is kept, for the same again would fail again. GET ${items} tells each with its line, pointer and reason: mend these lines and send them as a new batch.`,
    headers: { Link: `<${items}>; rel="related"` }, extra: { state, failed: rejected ?? 0, items },
  });
}
