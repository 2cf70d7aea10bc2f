import { releasedBy } from './dead-letter-replay.ts';
import type { NamedStatement } from './flush.ts';

/** What became of messages besides being delivered: dead letters that come, close, or are outlived. Parameter 18 the new ones. */
const FATES = `,
lettered as (
  insert into dead_letter (sink, shard, kind, record_id, version, batch_id, first_index, op, topic, partition, payload, headers, code, class, reason, fingerprint, attempts, tries, first_failed_at, last_failed_at)
  select $1, k.shard, k.kind, d.record_id, k.version, k.batch_id, k.first_index, k.op, d.topic, d.partition, d.payload, d.headers, d.code, d.class, d.reason, d.fingerprint, jsonb_array_length(d.tries), d.tries, (d.tries->0->>'at')::timestamptz, now()
  from json_to_recordset($18::json) as d(ledger_id int8, record_id int8, topic text, partition int4, payload text, headers jsonb, code text, class text, reason text, fingerprint text, tries jsonb)
  join marked k on k.id = d.ledger_id
  on conflict (sink, kind, record_id, version) do update set
    state = case when dead_letter.outlived then 'superseded' else 'dead' end, closed_at = case when dead_letter.outlived then now() end,
    attempts = dead_letter.attempts + excluded.attempts, tries = dead_letter.tries || excluded.tries,
    code = excluded.code, class = excluded.class, reason = excluded.reason, fingerprint = excluded.fingerprint, last_failed_at = excluded.last_failed_at
),
replayed as (
  update dead_letter d set state = case when k.delivered > 0 then 'delivered' else 'superseded' end, closed_at = now()
  from marked k
  where k.op = 'replay' and k.state = 'done' and k.dead = 0
    and d.sink = $1 and d.kind = k.kind and d.record_id = k.first_id and d.version = k.version and d.replay_id = k.batch_id and d.state = 'replaying'
),
outlived as (
  update dead_letter d set
    state = case when d.state = 'dead' then 'superseded' else d.state end, closed_at = case when d.state = 'dead' then now() end, outlived = d.state = 'replaying'
  from marked k
  where k.op in ('update', 'delete', 'replay') and k.span = 1 and k.delivered > 0 and k.kind <> all($19::text[])
    and d.sink = $1 and d.kind = k.kind and d.record_id = k.first_id and d.version < k.version and d.state in ('dead', 'replaying')
)`;

function markStatement(fates: string): NamedStatement {
  return {
    // Without a name, as TAKE_DUE.
    name: '',
    text: `
with m as (
  select * from unnest($3::int8[], $4::uuid[], $5::int4[], $6::text[], $7::int2[], $8::int8[], $9::text[], $10::int4[], $11::boolean[], $12::int4[], $13::int4[], $14::text[], $15::text[], $16::int4[], $17::int4[])
    as m(id, batch_id, first_index, op, shard, epoch, acks, delivered, done, attempts, delay, error, tries, dead, before)
),
held as (
  select shard, epoch from relay_shard where sink = $1 and owner = $2 and shard = any($7::int2[]) for share
),
marked as (
  update ledger l set
    acks = case when m.done then (coalesce(l.acks, '{}') || m.acks::jsonb) - 'left' - 'refused' else coalesce(l.acks, '{}') || m.acks::jsonb end,
    delivered = l.delivered + m.delivered,
    dead = l.dead + m.dead,
    superseded = case when m.done then l.written - l.delivered - m.delivered - l.dead - m.dead else l.superseded end,
    state = case when m.done then 'done' else 'waiting' end,
    sent_at = case when m.done then now() end,
    attempts = m.attempts,
    tries = m.tries::jsonb,
    next_at = case when m.tries is null then null when m.delay is null then l.next_at else now() + m.delay * interval '1 ms' end,
    last_error = case when m.done and l.dead + m.dead = 0 then null else coalesce(m.error, l.last_error) end
  from m join held on held.shard = m.shard and held.epoch = m.epoch
  where l.batch_id = m.batch_id and l.first_index = m.first_index and l.op = m.op and l.sink = $1 and l.state = 'waiting'
    and l.delivered + l.dead = m.before
  returning l.id, l.batch_id, l.first_index, l.op, l.kind, l.shard, l.first_id, l.span, l.version, l.state, l.delivered, l.superseded, l.dead
)${fates}
select superseded from marked`,
  };
}

/**
 * What became of a send, for each ledger row that was in it: acknowledgements are merged by partition; a row that is done
 * counts what was neither sent nor died as superseded. Only the owner of the row's shard, at its epoch, changes anything: its
 * row is held FOR SHARE, so that a take-over comes before or after, never in between. A mark whose first try was taken though its
 * answer was lost changes nothing: the row has more delivered or dead than when it was read ($17). Answers a row for each that
 * was changed: its superseded records.
 */
export const MARK_SENT: NamedStatement = markStatement('');

/**
 * The same where messages died, were replayed, or are versions after the first, which may outlive dead letters: all that follows
 * for dead letters happens in the same statement, or none of it. $18 the letters (JSON array), $19 kinds whose messages are events.
 */
export const MARK_FATES: NamedStatement = markStatement(FATES);

/**
 * Dead letters that replay rows carry: for batch ids $2, record ids $3 and versions $4 of the sink $1. Nothing comes for one that
 * a later version outlived, or whose record goes as it is now because of a later letter that is on its way too, or will be by the
 * same replay; not so of $5, kinds whose messages are events.
 */
export const LOAD_LETTERS: NamedStatement = {
  name: '',
  text: `
select d.replay_id, d.record_id, d.version, d.kind, d.op, d.payload, d.headers
from unnest($2::uuid[], $3::int8[], $4::int4[]) as r(replay_id, record_id, version)
join dead_letter d on d.sink = $1 and d.record_id = r.record_id and d.version = r.version and d.replay_id = r.replay_id and d.state = 'replaying' and not d.outlived
where d.op = 'event' or d.kind = any($5::text[]) or not exists (
  select 1 from dead_letter n left join replay p on p.id = d.replay_id and p.state = 'running'
  where n.kind = d.kind and n.record_id = d.record_id and n.sink = d.sink and n.version > d.version and (n.state = 'replaying' or ${releasedBy('n', 'p')}))`,
};
