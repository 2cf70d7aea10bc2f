import type { NamedStatement } from './flush.ts';

/** A batch's state and number of items. */
export const BATCH_HEAD: NamedStatement = { name: 'batch-head', text: 'select state, requested from batch where id = $1' };

/**
 * The next $3 slices of batch $1 from index $2 on: first index, span, first id, rejects. A slice has one ledger row for
 * each sink; any of them will do.
 */
export const BATCH_SLICES: NamedStatement = {
  name: 'batch-slices',
  text: `
select distinct on (first_index) first_index, span, first_id::text, rejects
from ledger where batch_id = $1 and first_index >= $2 order by first_index, op, sink limit $3`,
};
