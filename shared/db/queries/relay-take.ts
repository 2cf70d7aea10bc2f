import type { NamedStatement } from './flush.ts';

/**
 * The relay's statements on the ledger have no name: PostgreSQL would keep a plan made while the ledger was empty, and
 * read all of it for every send. Planning anew costs 0.3 ms a send.
 */
const UNNAMED = '';

/** Whether the refused messages of a row may be tried again; $5 is the longest legal pause in ms: a next time further ahead counts as due. */
const DUE = `(next_at is null or next_at <= now() or next_at > now() + $5 * interval '1 ms')`;

/**
 * Unfinished ledger rows of a sink, for each shard in id order. $2 shards, $3 the partitions that are blocked now (JSON array),
 * $4 most rows of a shard, $6 most rows, $7 kinds whose messages are events.
 *
 * Passed over, so that what piles up never hides the rest, are rows of which nothing can go now: all that is left is for
 * blocked partitions, or was refused and waits; and, for events, changes of a record of which an earlier message was refused
 * or is a dead letter.
 */
export const TAKE_DUE: NamedStatement = {
  name: UNNAMED,
  text: `
select l.id, l.batch_id, l.first_index, l.op, l.kind, s.shard, l.first_id, l.span, l.version, l.acks, l.attempts, l.tries, l.wait, l.trace, l.at, extract(epoch from now()) * 1000, l.settled, l.key, l.event, l.payload
from unnest($2::int2[]) as s(shard)
cross join lateral (
  select id, batch_id, first_index, op, kind, first_id, span, version, acks, attempts, tries, trace, delivered + dead as settled, key, event, payload::text as payload, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at,
         case when ${DUE} then 0 else extract(epoch from next_at - now()) * 1000 end as wait
  from ledger e
  where sink = $1 and shard = s.shard and state = 'waiting'
    and not coalesce(acks->'left' <@ $3::jsonb and (tries is null or not ${DUE} or acks->'refused' <@ $3::jsonb), false)
    and not (op in ('update', 'delete', 'event') and span = 1 and kind = any($7::text[]) and (
      exists (select 1 from dead_letter d where d.sink = e.sink and d.kind = e.kind and d.record_id = e.first_id and d.version < e.version and d.state in ('dead', 'replaying'))
      or exists (select 1 from ledger b where b.sink = e.sink and b.shard = e.shard and b.state = 'waiting' and b.tries is not null and b.kind = e.kind and b.id < e.id and b.tries ? e.first_id::text)))
  order by id limit $4
) l
limit $6`,
};

/** For each shard $2 the age in seconds of its oldest unfinished row, and the records it waits with (at most $3 ledger rows are looked at). */
export const WAITING: NamedStatement = {
  name: 'relay-waiting',
  text: `
select coalesce(sum(w.records), 0)::float8, coalesce(extract(epoch from now() - min(w.oldest)), 0)::float8
from unnest($2::int2[]) as s(shard)
cross join lateral (
  select sum(written - delivered - dead) as records, min(at) as oldest
  from (select written, delivered, dead, at from ledger where sink = $1 and shard = s.shard and state = 'waiting' order by id limit $3) l
) w`,
};
