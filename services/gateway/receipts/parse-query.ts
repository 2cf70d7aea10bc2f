import { ProblemError, type ItemFault } from '../../../shared/errors/problem.ts';
import { QueryReader } from '../http/query-reader.ts';
import type { UnknownQuery } from '../http/parameters.ts';
import { isReference, LONGEST_REFERENCE } from '../write/client-reference.ts';

/** A place in a list of receipts. */
export interface Cursor {
  batchId: string;
  index: number;
}

/** Which receipts are asked for. */
export type Selector = { by: 'item'; batchId: string; index: number } | { by: 'record'; kind: string; recordId: number } | { by: 'batch'; batchId: string } | { by: 'reference'; reference: string };

export interface ReceiptQuery {
  selector: Selector;
  /** Undefined where it wasn't given. */
  limit: number | undefined;
  /** Where a list goes on. */
  cursor: Cursor | undefined;
  /** What of the query was left out. */
  ignored: string[];
}

export const DEFAULT_LIMIT = 100;
export const MOST_LIMIT = 1_000;
export const CURSOR = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.(\d{1,10})$/;
const MOST_INDEX = 2_147_483_647;
const SELECTORS = ['batchId', 'recordId', 'clientReference'] as const;
const ORDER = 'give exactly one of batchId (with index or without), recordId (with kind or without), clientReference.';

/**
 * Reads the query of a list of receipts.
 * @param kinds names of the record kinds; `execution`, or the first, counts where none is given
 * @throws ProblemError 400 `invalid-query`
 */
export function parseReceiptQuery(url: URL, kinds: readonly string[], unknown: UnknownQuery): ReceiptQuery {
  const reader = new QueryReader(url, unknown);
  const batchId = reader.uuid('batchId');
  const index = reader.whole('index', null, 0, MOST_INDEX);
  const recordId = reader.whole('recordId', null, 1, Number.MAX_SAFE_INTEGER);
  const kind = reader.choice('kind', kinds, kinds.includes('execution') ? 'execution' : (kinds[0] ?? ''));
  const reference = reader.text('clientReference', isReference, `takes text of 1 to ${LONGEST_REFERENCE} characters.`);
  const limit = reader.whole('limit', null, 1, MOST_LIMIT);
  const at = CURSOR.exec(reader.text('cursor', (text) => CURSOR.test(text), 'must be `next` of the page before.') ?? '');
  const ignored = reader.end();

  const given = SELECTORS.filter((name) => url.searchParams.has(name));
  const faults: ItemFault[] = [];
  const fault = (name: string, code: string, message: string) => faults.push({ pointer: `?${name}`, code, message });
  const pages = index === null && recordId === null;
  if (given.length === 0) fault('batchId', 'required', ORDER);
  for (const name of given.slice(1)) fault(name, 'conflict', ORDER);
  if (index !== null && batchId === null) fault('index', 'conflict', 'goes with batchId.');
  if (url.searchParams.has('kind') && recordId === null) fault('kind', 'conflict', 'goes with recordId.');
  if (limit !== null && !pages) fault('limit', 'conflict', 'goes with a list: batchId without index, or clientReference.');
  if (at !== null && (!pages || (batchId !== null && at[1] !== batchId))) fault('cursor', 'conflict', 'belongs to another list.');
  if (faults.length > 0) throw new ProblemError({ status: 400, code: 'invalid-query', title: 'Invalid query', detail: [...new Set(faults.map((f) => `${f.pointer.slice(1)}: ${f.message}`))].join(' '), errors: faults });

  const selector: Selector =
    recordId !== null ? { by: 'record', kind, recordId }
    : reference !== null ? { by: 'reference', reference }
    : index !== null ? { by: 'item', batchId: batchId ?? '', index }
    : { by: 'batch', batchId: batchId ?? '' };
  return { selector, limit: limit ?? undefined, cursor: at === null ? undefined : { batchId: at[1] ?? '', index: Number(at[2]) }, ignored };
}
