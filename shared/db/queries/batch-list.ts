import type { NamedStatement } from './flush.ts';
import { LARGE_FACTS, NEWEST_CHECKPOINT } from './batch-progress.ts';

/**
 * Large batches, newest first (their ids are in the order of time), behind the id $1; of the states $2, kinds $3, with one of the
 * tags $4, opened at $5 or later, opened under the Idempotency-Key $6; at most $7; of the client $8. Null leaves a condition out.
 */
export const LIST_LARGE: NamedStatement = {
  name: 'list-large',
  text: `
select ${LARGE_FACTS}
from large_batch l join batch b on b.id = l.id left join ${NEWEST_CHECKPOINT} on true
where ($1::uuid is null or l.id < $1) and ($2::text[] is null or l.state = any($2)) and ($3::text[] is null or l.kind = any($3))
  and ($4::text[] is null or l.tags && $4) and ($5::timestamptz is null or l.created_at >= $5)
  and ($6::text is null or l.id in (select batch_id from idempotency where key = $6 and ($8::text is null or client = $8)))
  and ($8::text is null or l.client = $8)
order by l.id desc limit $7`,
};
