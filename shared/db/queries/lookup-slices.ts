import { int4Array, int8Array, textArray } from '../binary-array.ts';
import type { NamedStatement } from './flush.ts';
import type { Reject, Slice } from '../../contracts/slices.ts';

/**
 * What the ledger holds of slices that a flush did not insert. A statement of its own: the flush's snapshot is older
 * than the rows it conflicted with, and would read nothing. A slice with the same first index but another cut or other ids is
 * not found: it is of whoever took the batch over, and its ids must not be told as ours.
 */
export const LOOKUP_SLICES: NamedStatement = {
  name: 'lookup-slices',
  text: `
select s.no, l.rejects
from unnest($1::text[]::uuid[], $2::int4[], $4::int4[], $5::int8[]) with ordinality as s(batch_id, first_index, span, first_id, no)
join ledger l on l.batch_id = s.batch_id and l.first_index = s.first_index and l.op = 'insert' and l.sink = $3 and l.span = s.span and l.first_id = s.first_id`,
};

export function lookupParameters(slices: readonly Pick<Slice, 'batchId' | 'firstIndex' | 'span' | 'firstId'>[], sink: string): unknown[] {
  return [textArray(slices.map((s) => s.batchId)), int4Array(slices.map((s) => s.firstIndex)), sink, int4Array(slices.map((s) => s.span)), int8Array(slices.map((s) => s.firstId))];
}

/** By position in the parameters: the rejects of each slice found. */
export function lookupResult(rows: unknown[][]): Map<number, Reject[]> {
  return new Map(rows.map(([no, rejects]) => [Number(no) - 1, (rejects as Reject[] | null) ?? []]));
}
