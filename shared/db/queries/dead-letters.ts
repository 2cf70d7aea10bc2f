import type { NamedStatement } from './flush.ts';

/**
 * What operators read of dead letters. None of these statements has a name: each is planned for the filters that are there, null
 * filters nothing. `since` and `until`, both inclusive, bound last_failed_at, as in a replay's filter (m0004).
 */

const UNNAMED = '';

const SUMMARY = `d.id, d.state, d.sink, d.kind, d.record_id, d.version, d.topic, d.partition, d.code, d.class, d.reason, d.fingerprint, d.attempts, d.replays, d.replay_id, d.first_failed_at, d.last_failed_at, d.batch_id, d.closed_at, d.closed_by, d.closed_reason`;

/** $1 sinks, $2 kinds, $3 states, $4 codes, $5 fingerprints, $6 batch, $7 record ids, $8 since, $9 until. */
const LISTED = `
      ($1::text[] is null or d.sink = any($1)) and ($2::text[] is null or d.kind = any($2)) and ($3::text[] is null or d.state = any($3))
  and ($4::text[] is null or d.code = any($4)) and ($5::text[] is null or d.fingerprint = any($5)) and ($6::uuid is null or d.batch_id = $6)
  and ($7::int8[] is null or d.record_id = any($7)) and ($8::timestamptz is null or d.last_failed_at >= $8) and ($9::timestamptz is null or d.last_failed_at <= $9)`;

/** One page of dead letters; $10 the id behind which to go on, $11 how many. */
export function listLetters(newestFirst: boolean): NamedStatement {
  return {
    name: UNNAMED,
    text: `
select ${SUMMARY} from dead_letter d
where ${LISTED} and ($10::int8 is null or d.id ${newestFirst ? '<' : '>'} $10)
order by d.id ${newestFirst ? 'desc' : 'asc'} limit $11`,
  };
}

/**
 * Dead letters of the same sink and fingerprint, the largest groups first, at most $10: sink, fingerprint, count, dead, replaying, first, last,
 * kinds, and the newest as an example: id, record id, batch id, code, class, reason.
 */
export const GROUP_LETTERS: NamedStatement = {
  name: UNNAMED,
  text: `
select g.sink, g.fingerprint, g.count, g.dead, g.replaying, g.first, g.last, g.kinds, e.id, e.record_id, e.batch_id, e.code, e.class, e.reason
from (
  select d.sink, d.fingerprint, count(*)::int4 as count, count(*) filter (where d.state = 'dead')::int4 as dead, count(*) filter (where d.state = 'replaying')::int4 as replaying,
         min(d.first_failed_at) as first, max(d.last_failed_at) as last, array_agg(distinct d.kind) as kinds, max(d.id) as example
  from dead_letter d where ${LISTED} group by d.sink, d.fingerprint order by count(*) desc, max(d.id) desc limit $10
) g join dead_letter e on e.id = g.example
order by g.count desc, g.example desc`,
};

/** All that is known of the dead letter $1: its summary, evidence, and where it came from. */
export const READ_LETTER: NamedStatement = {
  name: UNNAMED,
  text: `
select ${SUMMARY}, d.payload, d.headers, d.tries, d.mirrored_at, d.shard, d.op, d.first_index,
       (l.first_index + d.record_id - l.first_id)::int4, l.node, l.at, b.client, b.client_reference
from dead_letter d
left join ledger l on l.batch_id = d.batch_id and l.first_index = d.first_index and l.op = d.op and l.sink = d.sink
left join batch b on b.id = d.batch_id
where d.id = $1`,
};

const BEHIND = `l.sink = d.sink and l.shard = d.shard and l.state = 'waiting' and l.op in ('update', 'delete', 'event') and l.kind = d.kind and l.first_id = d.record_id and l.version > d.version`;

/** Later messages of its record that wait until the dead letter $1 is delivered or discarded, in the order in which they will go; at most $2. */
export const WAITING_BEHIND: NamedStatement = {
  name: UNNAMED,
  text: `select l.version, l.batch_id, l.at from dead_letter d join ledger l on ${BEHIND} where d.id = $1 order by l.id limit $2`,
};

/** How many such wait behind each of the dead letters $1; those behind which none does are left out. */
export const COUNT_BEHIND: NamedStatement = {
  name: UNNAMED,
  text: `select d.id, count(*)::int4 from dead_letter d join ledger l on ${BEHIND} where d.id = any($1::int8[]) group by d.id`,
};
