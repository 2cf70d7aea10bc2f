import { ITEM_KIND, ITEM_REQUESTED } from '../../batches/batch-events.ts';
import { ID_BLOCK } from '../../records/shard.ts';
import type { NamedStatement } from './flush.ts';

/**
 * Statements on the items of a batch whose kind has a `process` step. `attempt` counts the attempts begun, as far as a row says:
 * with `started` that attempt is under way; with `waiting` it came to its end (0: there was none), and the next one is due at
 * `next_at`. `done` and `failed` are final. Which items a node works on follows from its lease of their chunk; what makes it right is that
 * each move here happens once, whoever asks for it.
 *
 * Most have no name: PostgreSQL would keep a plan made while the table was empty, and read all of it, failed items of a month included,
 * for every item that ends.
 */
const UNNAMED = '';

/** Makes the rows of the items $2 of the batch $1 where there are none, and answers those there were: index, state, attempt, ms until it is due. */
export const TAKE_ITEMS: NamedStatement = {
  name: UNNAMED,
  text: `
with made as (insert into item (batch_id, idx, state) select $1::uuid, i, 'waiting' from unnest($2::int4[]) i order by i on conflict (batch_id, idx) do nothing)
select idx, state, attempt, greatest(0, extract(epoch from next_at - now()) * 1000) from item where batch_id = $1 and idx = any($2::int4[])`,
};

/** Begins the attempts $3 at items ($1, $2), by position, where that is the next one and the batch is open. Answers the batch and index of each. */
export const START_ITEMS: NamedStatement = {
  name: UNNAMED,
  text: `
update item i set state = 'started', attempt = k.attempt, started_at = now(), next_at = null
from unnest($1::uuid[], $2::int4[], $3::int4[]) k(batch_id, idx, attempt)
where i.batch_id = k.batch_id and i.idx = k.idx and i.state = 'waiting' and i.attempt = k.attempt - 1
  and exists (select from batch b where b.id = k.batch_id and b.state = 'open')
returning i.batch_id, i.idx`,
};

/** First index of the ledger row by which an item was handed out: an int4, unlike the number that it is made of. No batch lives to see one come again. */
const HANDED_AT = (handed: string) => `(${handed} % 2147483648)::int4`;

/**
 * Hands the attempts $3 at items ($1, $2) out, by position, where that is the next one and the batch is open: the item $4 (kept until it
 * is done) of the kind $5 goes to the sink $6 as an event of the ledger, so that it is delivered like any, whatever dies; $7 time
 * limit in ms, $8 this node. Answers the batch and index of each that was handed out now.
 */
export const HAND_OUT_ITEMS: NamedStatement = {
  name: UNNAMED,
  text: `
with begun as (
  update item i set state = 'started', attempt = k.attempt, started_at = now(), next_at = null, handed = nextval('handout_no'), input = k.item::jsonb
  from unnest($1::uuid[], $2::int4[], $3::int4[], $4::text[], $5::text[], $6::text[], $7::int8[]) k(batch_id, idx, attempt, item, kind, sink, time_limit)
  where i.batch_id = k.batch_id and i.idx = k.idx and i.state = 'waiting' and i.attempt = k.attempt - 1
    and exists (select from batch b where b.id = k.batch_id and b.state = 'open')
  returning i.batch_id, i.idx, i.attempt, i.handed, i.input, k.kind, k.sink, k.time_limit, i.batch_id || ':' || i.idx as key
),
told as (
  insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, key, event, payload)
  select b.batch_id, ${HANDED_AT('b.handed')}, 'event', b.sink, '${ITEM_KIND}', 1, (b.handed / ${ID_BLOCK}) % f.value::int, b.handed, b.attempt, 1, 0, $8, 'waiting', b.key, '${ITEM_REQUESTED}',
    jsonb_build_object('type', '${ITEM_REQUESTED}', 'batchId', b.batch_id, 'index', b.idx, 'attempt', b.attempt, 'idempotencyKey', b.key, 'kind', b.kind, 'tags', l.tags, 'item', b.input,
      'timeLimitMs', b.time_limit, 'at', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
  from begun b join fixed_setting f on f.name = 'shards' join large_batch l on l.id = b.batch_id
)
select batch_id, idx from begun`,
};

/**
 * Which of the attempts $3 at items ($1, $2), handed out to the sinks $4, need not be waited for any more: they were answered, or $5 ms have
 * passed since Kafka has had the message (until then the time limit does not run: what waits for Kafka costs no attempt). A sending that
 * lies further ahead than the limit counts as past it: a clock has jumped. Answers batch, index, state (null where the item is gone), attempt,
 * ms until the next one is due, category, and whether it is late.
 */
export const ANSWERED_ITEMS: NamedStatement = {
  name: UNNAMED,
  text: `
select k.batch_id, k.idx, i.state, i.attempt, greatest(0, extract(epoch from i.next_at - now()) * 1000), i.category, i.state is not null and i.state = 'started' and i.attempt = k.attempt as late
from unnest($1::uuid[], $2::int4[], $3::int4[], $4::text[], $5::int8[]) k(batch_id, idx, attempt, sink, time_limit)
left join item i on i.batch_id = k.batch_id and i.idx = k.idx
left join lateral (
  select sent_at from ledger l where l.batch_id = k.batch_id and l.first_index = ${HANDED_AT('i.handed')} and l.op = 'event' and l.sink = k.sink
) m on true
where i.state is distinct from 'started' or i.attempt <> k.attempt or m.sent_at <= now() - k.time_limit * interval '1 ms' or m.sent_at > now() + k.time_limit * interval '1 ms'`,
};

/**
 * Ends the attempts $3 at items ($1, $2), by position: state $4 (\`done\`, \`failed\`, or \`waiting\` for $5 ms), category $6, what the client
 * is told $7, result $8, and the item itself $9 where it is kept. Only the attempt that is under way or comes next can be
 * ended, so a repeat changes nothing. Answers the batch and index of each that was ended now.
 */
export const FINISH_ITEMS: NamedStatement = {
  name: UNNAMED,
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
  name: UNNAMED,
  text: `select idx, state, category, error, result::text from item where batch_id = $1 and idx >= $2 and idx < $3 order by idx`,
};

/** Items of the batch $1 that failed and were kept, behind index $2, in order, at most $3: index, and the item as JSON text. */
export const KEPT_ITEMS: NamedStatement = {
  name: 'kept-items',
  text: `select idx, input::text from item where batch_id = $1 and state = 'failed' and input is not null and idx > $2 order by idx limit $3`,
};

/** How many items of the batch $1 failed and were kept. */
export const KEPT_COUNT: NamedStatement = {
  name: UNNAMED,
  text: `select count(*) from item where batch_id = $1 and state = 'failed' and input is not null`,
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
