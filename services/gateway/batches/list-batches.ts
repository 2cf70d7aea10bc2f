import { BATCH_STATES, type BatchState } from '../../../shared/batches/states.ts';
import { LIST_LARGE } from '../../../shared/db/queries/batch-list.ts';
import { QueryReader } from '../http/query-reader.ts';
import type { UnknownQuery } from '../http/parameters.ts';
import { iso, type LargeFact, type Run } from './large-facts.ts';
import { headOf, progressOf, type LargeHead, type ProgressView } from './large-view.ts';

export const DEFAULT_LIMIT = 50;
export const MOST_LIMIT = 1_000;

/** A large batch in a list; counts are those of its newest checkpoint. */
export interface BatchSummary extends LargeHead {
  createdAt: string;
  finishedAt: string | null;
  deadlineAt: string;
  progress: ProgressView;
  written: number;
  rejected: number;
  errorCode: string | null;
}

export interface BatchPage {
  content: BatchSummary[];
  /** Cursor of the next page; null at the end. */
  next: string | null;
}

/**
 * A page of large batches, newest first.
 * @param client those of this client only; null: of all
 * @returns the page, and what of the query was left out
 * @throws ProblemError 400 invalid-query
 */
export async function listBatches(run: Run, url: URL, kinds: readonly string[], unknown: UnknownQuery, client: string | null): Promise<{ page: BatchPage; ignored: string[] }> {
  const read = new QueryReader(url, unknown);
  const states = read.list('state', BATCH_STATES) as BatchState[] | null;
  const ofKinds = read.list('kind', kinds);
  const tags = read.list('tag');
  const since = read.instant('since');
  const key = read.text('key', (text) => /^[ -~]{1,255}$/.test(text), 'takes an Idempotency-Key: 1 to 255 printable ASCII characters.');
  const limit = read.whole('limit', DEFAULT_LIMIT, 1, MOST_LIMIT);
  const cursor = read.uuid('cursor');
  const ignored = read.end();
  const rows = await run(LIST_LARGE, [cursor, states, ofKinds, tags, since, key, limit + 1, client]);
  const facts = rows.slice(0, limit).map(([fact]) => fact as LargeFact);
  return { page: { content: facts.map(summaryOf), next: rows.length > limit ? (facts.at(-1)?.id ?? null) : null }, ignored };
}

function summaryOf(fact: LargeFact): BatchSummary {
  return {
    ...headOf(fact), createdAt: iso(fact.createdAt), finishedAt: iso(fact.finishedAt), deadlineAt: iso(fact.deadlineAt),
    progress: progressOf(fact), written: fact.checkpoint?.written ?? 0, rejected: fact.checkpoint?.rejected ?? 0, errorCode: fact.errorCode,
  };
}
