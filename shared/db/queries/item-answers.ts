import type { NamedStatement } from './flush.ts';

// Without names, as the statements on items.

/** What an answer $1 (its event's id) to an item ($2 batch, $3 index) meets: kind, state and retries of the batch, state and attempt of the item (null: there is none), and whether the event is known. No row where there is no such batch. */
export const MET_BY_ANSWER: NamedStatement = {
  name: '',
  text: `
select l.kind, l.state, l.max_retries, i.state, i.attempt, exists (select from batch_command c where c.id = $1)
from large_batch l left join item i on i.batch_id = l.id and i.idx = $3 where l.id = $2`,
};

/**
 * Ends the attempt $4 at an item ($2 batch, $3 index) by the answer $1, and remembers the answer, in one statement: state $5 (`done`, `failed`, or
 * `waiting` for $6 ms), category $7, what the client is told $8, result $9. The item itself was kept when it was handed out, and stays where
 * it has failed. No row comes back where the attempt is not under way, or the batch has ended: then nothing was changed.
 */
export const END_BY_ANSWER: NamedStatement = {
  name: '',
  text: `
with ended as (
  update item set state = $5, next_at = now() + $6::int4 * interval '1 ms', category = $7, error = $8, result = $9::jsonb,
    input = case when $5 = 'failed' then input end, finished_at = case when $5 = 'waiting' then null else now() end
  where batch_id = $2 and idx = $3 and state = 'started' and attempt = $4 and handed is not null
    and exists (select from batch b where b.id = $2 and b.state = 'open') and not exists (select from batch_command c where c.id = $1)
  returning batch_id, idx
),
noted as (
  insert into batch_command (id, batch_id, type, effect) select $1, batch_id, 'ItemProcessingCompleted', 'item ' || idx || ' ' || $5 from ended
  on conflict (id) do nothing
)
select batch_id from ended`,
};
