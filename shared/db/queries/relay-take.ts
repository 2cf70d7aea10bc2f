import type { NamedStatement } from './flush.ts';

/**
 * The relay's statements on the ledger have no name: PostgreSQL would keep a plan made while the ledger was empty, and
 * read all of it for every send. Planning anew costs 0.3 ms a send.
 */
const UNNAMED = '';

/**
 * Unfinished ledger rows of a sink, for each shard in id order. $2 shards, $3 for each shard the partitions that are
 * blocked now (JSON array), $4 most rows of a shard, $5 longest legal pause in ms, $6 whether rows whose next time has not
 * come are left out, $7 most rows. Rows of which nothing but blocked partitions is left are passed over, so that what
 * piles up behind one partition never hides the rest.
 */
export const TAKE_DUE: NamedStatement = {
  name: UNNAMED,
  text: `
select l.id, l.batch_id, l.first_index, l.op, l.kind, s.shard, l.first_id, l.span, l.version, l.acks, l.attempts, l.wait, l.trace, l.at
from unnest($2::int2[], $3::text[]) as s(shard, blocked)
cross join lateral (
  select id, batch_id, first_index, op, kind, first_id, span, version, acks, attempts, trace, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at,
         case when next_at is null or next_at <= now() or next_at > now() + $5 * interval '1 ms' then 0 else extract(epoch from next_at - now()) * 1000 end as wait
  from ledger
  where sink = $1 and shard = s.shard and state = 'waiting' and not coalesce(acks->'left' <@ s.blocked::jsonb, false)
    and (not $6::boolean or next_at is null or next_at <= now() or next_at > now() + $5 * interval '1 ms')
  order by id limit $4
) l
limit $7`,
};

/**
 * What became of a send, for each ledger row that was in it: acknowledgements are merged by partition; a row that is done
 * counts what was not sent as superseded. Only the owner of the row's shard, at its epoch, changes anything: its row is
 * held FOR SHARE, so that a take-over comes before or after, never in between. Answers a row for each that was changed: its superseded records.
 */
export const MARK_SENT: NamedStatement = {
  name: UNNAMED,
  text: `
with m as (
  select * from unnest($3::int8[], $4::uuid[], $5::int4[], $6::text[], $7::int2[], $8::int8[], $9::text[], $10::int4[], $11::boolean[], $12::int4[], $13::int4[], $14::text[])
    as m(id, batch_id, first_index, op, shard, epoch, acks, delivered, done, attempts, delay, error)
),
held as (
  select shard, epoch from relay_shard where sink = $1 and owner = $2 and shard = any($7::int2[]) for share
)
update ledger l set
  acks = case when m.done then (coalesce(l.acks, '{}') || m.acks::jsonb) - 'left' else coalesce(l.acks, '{}') || m.acks::jsonb end,
  delivered = l.delivered + m.delivered,
  superseded = case when m.done then l.written - l.delivered - m.delivered else l.superseded end,
  state = case when m.done then 'done' else 'waiting' end,
  sent_at = case when m.done then now() end,
  attempts = m.attempts,
  next_at = now() + m.delay * interval '1 ms',
  last_error = case when m.done then null else coalesce(m.error, l.last_error) end
from m join held on held.shard = m.shard and held.epoch = m.epoch
where l.batch_id = m.batch_id and l.first_index = m.first_index and l.op = m.op and l.sink = $1 and l.state = 'waiting'
returning l.superseded`,
};

/** For each shard $2 the age in seconds of its oldest unfinished row, and the records it waits with (at most $3 ledger rows are looked at). */
export const WAITING: NamedStatement = {
  name: 'relay-waiting',
  text: `
select coalesce(sum(w.records), 0)::float8, coalesce(extract(epoch from now() - min(w.oldest)), 0)::float8
from unnest($2::int2[]) as s(shard)
cross join lateral (
  select sum(written - delivered) as records, min(at) as oldest
  from (select written, delivered, at from ledger where sink = $1 and shard = s.shard and state = 'waiting' order by id limit $3) l
) w`,
};
