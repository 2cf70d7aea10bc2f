import type { NamedStatement } from './flush.ts';

/**
 * Statements on the items of a batch whose kind has a `process` step. `attempt` counts the attempts begun, as far as a row says:
 * with `started` that attempt is under way; with `waiting` it came to its end (0: there was none), and the next one is due at
 * `next_at`. `done` and `failed` are final. Which items a node works on follows from its lease of their chunk; what makes it right is that
 * each move here happens once, whoever asks for it.
 */

/** Makes the rows of the items $2 of the batch $1 where there are none, and answers those there were: index, state, attempt, ms until it is due. */
export const TAKE_ITEMS: NamedStatement = {
  name: 'take-items',
  text: `
with made as (insert into item (batch_id, idx, state) select $1::uuid, i, 'waiting' from unnest($2::int4[]) i order by i on conflict (batch_id, idx) do nothing)
select idx, state, attempt, greatest(0, extract(epoch from next_at - now()) * 1000) from item where batch_id = $1 and idx = any($2::int4[])`,
};

/** Begins the attempts $3 at items ($1, $2), by position, where that is the next one and the batch is open. Answers the batch and index of each. */
export const START_ITEMS: NamedStatement = {
  name: 'start-items',
  text: `
update item i set state = 'started', attempt = k.attempt, started_at = now(), next_at = null
from unnest($1::uuid[], $2::int4[], $3::int4[]) k(batch_id, idx, attempt)
where i.batch_id = k.batch_id and i.idx = k.idx and i.state = 'waiting' and i.attempt = k.attempt - 1
  and exists (select from batch b where b.id = k.batch_id and b.state = 'open')
returning i.batch_id, i.idx`,
};

/**
 * Ends the attempts $3 at items ($1, $2), by position: state $4 (\`done\`, \`failed\`, or \`waiting\` for $5 ms), category $6, what the client
 * is told $7, result $8, and the item itself $9 where it is kept. Only the attempt that is under way or comes next can be
 * ended, so a repeat changes nothing. Answers the batch and index of each that was ended now.
 */
export const FINISH_ITEMS: NamedStatement = {
  name: 'finish-items',
  text: `
update item i set state = k.state, attempt = k.attempt, next_at = now() + k.pause * interval '1 ms', category = k.category, error = k.error,
  result = k.result::jsonb, input = k.input::jsonb, finished_at = case when k.state = 'waiting' then null else now() end
from unnest($1::uuid[], $2::int4[], $3::int4[], $4::text[], $5::int4[], $6::text[], $7::text[], $8::text[], $9::text[])
  k(batch_id, idx, attempt, state, pause, category, error, result, input)
where i.batch_id = k.batch_id and i.idx = k.idx and ((i.state = 'started' and i.attempt = k.attempt) or (i.state = 'waiting' and i.attempt = k.attempt - 1))
returning i.batch_id, i.idx`,
};

/** What became of the items [$2, $3) of the batch $1, in order: index, state, category, what the client is told, result as text. */
export const READ_ITEMS: NamedStatement = {
  name: 'read-items',
  text: `select idx, state, category, error, result::text from item where batch_id = $1 and idx >= $2 and idx < $3 order by idx`,
};

/** Of the kinds $1, deletes up to $2 items of batches that have ended: those that failed after $3 days, all others at once. */
export const SWEEP_ITEMS: NamedStatement = {
  name: 'sweep-items',
  text: `
delete from item where (batch_id, idx) in (
  select i.batch_id, i.idx from large_batch l join item i on i.batch_id = l.id
  where l.kind = any($1::text[]) and l.state in ('COMPLETED', 'FAILED', 'CANCELLED') and (i.state <> 'failed' or l.finished_at < now() - $3 * interval '1 day') limit $2
)
returning idx`,
};
