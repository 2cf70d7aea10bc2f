import type { Caller } from '../../../shared/access/caller.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';

type Run = (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;

/** Whose the batch $1 is. */
const BATCH_OWNER: NamedStatement = { name: 'batch-owner', text: 'select client from batch where id = $1' };
/** Whose the large batch $1 is. */
const LARGE_OWNER: NamedStatement = { name: 'large-owner', text: 'select client from large_batch where id = $1' };

/**
 * The client whose large batch this is, if the caller may change it: its own, or with the role `operate` any.
 * @throws ProblemError 404, also for those of others: that there is one is not told either
 */
export async function ownerToChange(run: Run, { client, roles }: Caller, batchId: string): Promise<string> {
  const [row] = await run(LARGE_OWNER, [batchId]);
  const owner = row?.[0] as string | undefined;
  if (owner === undefined || (owner !== client && !roles.has('operate'))) throw notFound('There is no large batch with this id.');
  return owner;
}

/** Nothing where the caller may see the batch. @throws ProblemError 404 */
export async function assertSees(run: Run, { client, roles }: Caller, batchId: string): Promise<void> {
  // Who sees all is told by the batch itself whether it is there.
  if (roles.has('read')) return;
  const [row] = await run(BATCH_OWNER, [batchId]);
  if (row?.[0] !== client) throw notFound('There is no batch with this id, or nothing of it was ever recorded.');
}

function notFound(detail: string): ProblemError {
  return new ProblemError({ status: 404, code: 'not-found', title: 'No such batch', detail });
}
