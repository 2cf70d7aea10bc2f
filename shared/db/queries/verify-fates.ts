import { ID_BLOCK } from '../../records/shard.ts';
import type { NamedStatement } from './flush.ts';
import { inScope, rejectedIndexes } from './verify-ranges.ts';
import { MOST } from './verify.ts';

/** Verify's statements on what became of single messages and versions: dead letters, replays, updates, superseded messages. */

/** A replay row of the ledger that is a dead letter's. */
const replayOf = (letter: string) => `r.batch_id = ${letter}.replay_id and r.op = 'replay' and r.sink = ${letter}.sink and r.kind = ${letter}.kind and r.first_id = ${letter}.record_id`;

/**
 * Dead letters, one by one: each lies in the slice that it names, and its state has the rows that it needs. Each is looked up by
 * keys. Parameters: the scope. Rows: what, kind, batch id, first index, sink, record id, dead letter, expected, found.
 */
export const VERIFY_LETTERS: NamedStatement = {
  name: '',
  text: `
select x.what, d.kind, d.batch_id, d.first_index, d.sink, d.record_id::text, d.id::text, x.expected, x.found
from dead_letter d
left join ledger l on l.batch_id = d.batch_id and l.first_index = d.first_index and l.op = d.op and l.sink = d.sink
cross join lateral (values
  ('dead-letter-unexplained', l.batch_id is null or l.kind <> d.kind or d.op = 'replay' or d.record_id < l.first_id or d.record_id >= l.first_id + l.span or d.version < l.version or d.shard <> l.shard
     or exists (select 1 from (select coalesce(l.rejects, '[]') as rejects) j cross join ${rejectedIndexes('j')} where x.idx = l.first_index + d.record_id - l.first_id), 0, 1),
  ('replay-missing', d.state = 'replaying' and not exists (select 1 from ledger r where ${replayOf('d')} and r.state = 'waiting'), 1, 0),
  ('replay-unfinished', d.state = 'delivered' and not exists (select 1 from ledger r where ${replayOf('d')} and r.state = 'done' and r.delivered = 1), 1, 0),
  ('discard-unsigned', d.state = 'discarded' and (d.closed_by is null or d.closed_reason is null), 1, 0)
) x(what, broken, expected, found)
where ${inScope('d.batch_id')} and x.broken order by d.id limit ${MOST}`,
};

/**
 * Replays, row by row: what is under way again, or was delivered so, is a dead letter that says the same. One scan of the ledger's
 * replay rows. Parameters: the scope. Rows as above, without a dead letter.
 */
export const VERIFY_REPLAYS: NamedStatement = {
  name: '',
  text: `
select 'replay-unexplained', r.kind, r.batch_id, r.first_index, r.sink, r.first_id::text, null, 1, 0
from ledger r
where r.op = 'replay' and ${inScope('r.batch_id')} and (r.state = 'waiting' or r.delivered > 0)
  and not exists (select 1 from dead_letter d where d.kind = r.kind and d.record_id = r.first_id and d.sink = r.sink and d.replay_id = r.batch_id and d.state = case when r.state = 'waiting' then 'replaying' else 'delivered' end)
order by r.batch_id, r.first_index limit ${MOST}`,
};

/** What both statements on versions answer: what, kind, batch id, record id, expected, found. */

/**
 * Versions, whole: each record's version is one more than the updates that the ledger has of it; a deleted record had the version
 * before that of its deletion. One scan of the table, two of the ledger. Parameter: kind.
 */
export function verifyVersions(table: string, id: string): NamedStatement {
  return {
    name: '',
    text: `
with made as materialized (
  select first_id as id, count(distinct version) as versions, count(distinct batch_id) as updates, max(version) as top, (array_agg(batch_id order by version desc))[1] as batch_id
  from ledger where kind = $1 and op = 'update' and written > 0 group by first_id
),
compared as (
  select m.id, m.versions, m.updates, m.top, m.batch_id, t.version from made m join "${table}" t on t."${id}" = m.id
  union all
  select t."${id}", 0, 0, 1, null, t.version from "${table}" t where t.version <> 1 and not exists (select 1 from made m where m.id = t."${id}")
  union all
  select d.first_id, coalesce(m.versions, 0), coalesce(m.updates, 0), coalesce(m.top, 1), d.batch_id, min(d.version) - 1
  from ledger d left join made m on m.id = d.first_id where d.kind = $1 and d.op = 'delete' and d.written > 0 group by 1, 2, 3, 4, 5
)
select x.what, $1, batch_id, id::text, x.expected, x.found
from compared cross join lateral (values
  ('version-lost', version < top, top, version),
  ('version-unexplained', version > top, top, version),
  ('update-missing', version >= top and versions <> top - 1, top - 1, versions),
  ('version-made-twice', updates > versions, versions, updates)
) x(what, broken, expected, found)
where x.broken order by id limit ${MOST}`,
  };
}

/** The same for the updates of some batches alone: no record is behind them. Parameters: the scope, then the kind. */
export function verifyVersionsOfBatches(table: string, id: string): NamedStatement {
  return {
    name: '',
    text: `
select distinct 'version-lost', l.kind, l.batch_id, l.first_id::text, l.version, t.version
from ledger l join "${table}" t on t."${id}" = l.first_id
where l.kind = $4 and l.op = 'update' and l.written > 0 and ${inScope('l.batch_id')} and t.version < l.version limit ${MOST}`,
  };
}

/**
 * Superseded messages, slice by slice: for as many as a slice counts there is a later version, or no record at all. Dead letters
 * that were outlived likewise. Two scans of the ledger. Parameter: kind. Rows: what, kind, batch id, first index, sink, record id or null, dead letter or null, expected, found.
 */
export function verifySuperseded(table: string, id: string): NamedStatement {
  return {
    name: '',
    text: `
with later as materialized (
  select first_id as id, max(version) as version from ledger where kind = $1 and op = 'update' and written > 0 group by first_id
),
slice as materialized (
  select batch_id, first_index, sink, first_id, span, version, written, superseded from ledger where kind = $1 and op <> 'replay' and superseded > 0
),
explained as (
  select s.batch_id, s.first_index, s.sink, s.superseded, s.first_id, s.span, s.written, count(v.id) as n
  from slice s left join later v on v.id = s.first_id and v.version > s.version where s.span = 1 group by 1, 2, 3, 4, 5, 6, 7
  union all
  select s.batch_id, s.first_index, s.sink, s.superseded, s.first_id, s.span, s.written, count(v.id)
  from slice s left join later v on v.id / ${ID_BLOCK} = s.first_id / ${ID_BLOCK} and v.id between s.first_id and s.first_id + s.span - 1 and v.version > s.version where s.span > 1 group by 1, 2, 3, 4, 5, 6, 7
)
select 'superseded-unexplained', $1, e.batch_id, e.first_index, e.sink, null, null, e.superseded, e.n::int
from explained e
where e.n < e.superseded and e.n + e.written - (select count(*) from "${table}" t where t."${id}" between e.first_id and e.first_id + e.span - 1) < e.superseded
union all
select 'superseded-unexplained', $1, d.batch_id, d.first_index, d.sink, d.record_id::text, d.id::text, 1, 0
from dead_letter d
where d.kind = $1 and d.state = 'superseded' and not exists (select 1 from later v where v.id = d.record_id and v.version > d.version) and exists (select 1 from "${table}" t where t."${id}" = d.record_id)
limit ${MOST}`,
  };
}
