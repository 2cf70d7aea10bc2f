import { isFinal, moved, COMMANDS, type BatchState } from '../../../shared/batches/states.ts';
import { LARGE_HEAD } from '../../../shared/db/queries/batch-steering.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
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

/** Opens a batch of the failed items of another one, or nothing where none is kept. Kinds whose items are kept after they failed have one. */
export type Retry = (request: RetryRequest) => Promise<Retried | undefined>;

/**
 * Carries the failed items of a batch out again.
 * @param retryOf how that is done for batches of a kind; undefined where their items are not kept
 * @param assertMay throws where the caller may not submit this kind
 * @throws ProblemError 404; 409 `not-now` while it has not ended, `nothing-failed`, or `items-not-kept`
 */
export async function retryBatch(run: Run, retryOf: (kind: string) => Retry | undefined, assertMay: (kind: string) => void, request: RetryRequest): Promise<Retried> {
  const { batchId, client } = request;
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
  const retried = await retryOf(kind)?.(request);
  if (retried !== undefined) return retried;
  const items = `/api/v1/batches/${batchId}/items?status=FAILED`;
  throw new ProblemError({
    status: 409, code: 'items-not-kept', title: 'The failed items are not kept',
    detail: `Of the items of kind ${kind} that failed none is kept, for the same again would fail again. GET ${items} tells each with its line, pointer and reason: mend these lines and send them as a new batch.`,
    headers: { Link: `<${items}>; rel="related"` }, extra: { state, failed: counts?.rejected ?? 0, items },
  });
}
