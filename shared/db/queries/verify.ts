import { ID_BLOCK } from '../../records/shard.ts';
import type { NamedStatement } from './flush.ts';
import { OF_ITEMS } from './ledger-ops.ts';
import { STILL_STAGED } from './staged-chunks.ts';
import { inScope, rejectedIndexes } from './verify-ranges.ts';

/**
 * The statements of verify. All of one check run in one transaction that reads one snapshot, so that the sums hold while
 * work goes on. None has a name: their plans must fit their parameters, and they are rare.
 *
 * What they cost: a few scans of the ledger and two of each kind's table; nothing is looked up record by record where the
 * sums agree (figures: docs/verify.md).
 */

/** Most breaches that a report names; each statement answers one more, if there are more. */
export const BREACHES_NAMED = 100;
/** What each statement answers at most: one more than is named. */
export const MOST = BREACHES_NAMED + 1;
/** Opens the snapshot. A transaction's time limit is only taken anew when it was off before. */
export function openSnapshot(timeoutMs: number): string {
  const ms = Math.max(1, Math.ceil(timeoutMs));
  return `begin isolation level repeatable read read only; set local transaction_timeout = 0; set local transaction_timeout = ${ms}; set local statement_timeout = ${ms}; set local work_mem = '64MB'; set local jit = off`;
}

/** When the snapshot was taken, ISO 8601. */
export const SNAPSHOT_AT: NamedStatement = { name: '', text: `select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')` };

/**
 * Items, batch by batch: accepted (the batch's own count) against what the ledger's slices say. One scan of the ledger.
 * One row: totals `[{kind, batches, accepted, written, rejected, withdrawn, pending, inserted}]`, breaches `[{what, batchId, kind, expected, found}]`.
 */
export const VERIFY_ITEMS: NamedStatement = {
  name: '',
  text: `
with slice as (
  select batch_id, first_index, op, min(kind) as kind, min(span) as span, min(written) as written, min(rejected) as rejected, min(first_id) as first_id,
         count(*) as sinks,
         max(span) <> min(span) or max(written) <> min(written) or max(rejected) <> min(rejected) or max(first_id) <> min(first_id) or max(version) <> min(version) or max(kind) <> min(kind) as differ
  from ledger where ${OF_ITEMS} and ${inScope('batch_id')} group by batch_id, first_index, op
),
walked as (
  select *, lag(first_index + span) over (partition by batch_id order by first_index, op) as reached from slice
),
summed as (
  select batch_id, min(kind) as kind, sum(span) as covered, sum(written) as written, sum(rejected) as rejected,
         coalesce(sum(written) filter (where op = 'insert'), 0) as inserted, max(first_index + span) as furthest,
         count(*) filter (where first_index < reached) as overlapping, count(*) filter (where differ) as differing
  from walked group by batch_id
),
staged as (
  select c.batch_id, sum(${STILL_STAGED}) as items from chunk c where ${inScope('c.batch_id')} group by c.batch_id
),
verdict as materialized (
  select coalesce(b.id, s.batch_id) as batch_id, coalesce(b.kind, s.kind) as kind, b.id is null as orphan, b.state, b.requested,
         coalesce(s.written, 0) as written, coalesce(s.rejected, 0) as rejected, coalesce(s.inserted, 0) as inserted,
         case when b.underway then b.staged else greatest(0, b.requested - coalesce(s.covered, 0)) end as lacking, case when not b.growing then s.furthest end as furthest, s.overlapping, s.differing, s.kind as ledger_kind
  from (
    -- What an upload that is under way has been accepted is what the ledger has of it, and what is staged: how much will come
    -- nobody knows. Once it is complete its own count stands, and what is pending is counted of the staged chunks.
    select id, kind, state, underway, growing, coalesce(g.items, 0) as staged,
           case when growing then coalesce((select t.covered from summed t where t.batch_id = id), 0) + coalesce(g.items, 0) else requested end as requested
    from (select *, large and state = 'open' as underway, large and state = 'open' and requested = 0 as growing from batch where ${inScope('id')}) o
    left join staged g on g.batch_id = o.id and o.underway
  ) b full join summed s on s.batch_id = b.id
),
total as (
  select kind, count(*) as batches, coalesce(sum(requested), 0) as accepted, sum(written) as written, sum(rejected) as rejected,
         coalesce(sum(lacking) filter (where state = 'closed'), 0) as withdrawn, coalesce(sum(lacking) filter (where state = 'open'), 0) as pending, sum(inserted) as inserted
  from verdict group by kind
),
breach as (
  select batch_id, kind, x.what, x.expected, x.found
  from (
    select * from verdict
    where orphan or written + rejected + lacking <> requested or furthest > requested or overlapping > 0 or differing > 0 or ledger_kind <> kind
  ) v cross join lateral (values
    ('ledger-without-batch', orphan, 1, 0),
    ('items-sum', not orphan and written + rejected + lacking <> requested, requested, written + rejected + lacking),
    ('index-beyond-batch', furthest > requested, requested, furthest),
    ('slices-overlap', overlapping > 0, 0, overlapping),
    ('sinks-disagree', differing > 0, 0, differing),
    ('kind-differs', not orphan and ledger_kind <> kind, 0, 1)
  ) x(what, broken, expected, found)
  where x.broken order by batch_id limit ${MOST}
)
select coalesce((select json_agg(total order by kind) from total), '[]'), coalesce((select json_agg(json_build_object('what', what, 'batchId', batch_id, 'kind', kind, 'expected', expected, 'found', found)) from breach), '[]')`,
};

/**
 * Rejects, slice by slice: as many items with reasons, inside the slice, as the slice counts. Reads slices with rejects only.
 * Rows: batch id, kind, first index, sink, counted, found.
 */
export const VERIFY_REJECTS: NamedStatement = {
  name: '',
  text: `
select l.batch_id, l.kind, l.first_index, l.sink, l.rejected, n.found
from ledger l
cross join lateral (select count(*) filter (where x.idx between l.first_index and l.first_index + l.span - 1) as found from (select coalesce(l.rejects, '[]') as rejects) r cross join ${rejectedIndexes('r')}) n
where ${inScope('l.batch_id')} and (l.rejected > 0 or l.rejects is not null) and n.found <> l.rejected
order by l.batch_id limit ${MOST}`,
};

/**
 * Delivery: per kind and sink what is due against what became of it. One scan of the ledger, one of the dead letters. A replay
 * row is due to nobody: the dead letter carries its debt. `waiting` is counted of unfinished rows and of letters on their way again.
 * One row: sinks `[{kind, sink, due, delivered, waiting, dead, discarded, superseded}]`, breaches `[{what, batchId, kind, firstIndex, sink, expected, found}]`.
 */
export const VERIFY_DELIVERY: NamedStatement = {
  name: '',
  text: `
with letter as (
  select batch_id, first_index, op, sink, count(*) as n, count(*) filter (where state = 'delivered') as delivered, count(*) filter (where state = 'replaying') as replaying,
         count(*) filter (where state = 'dead') as dead, count(*) filter (where state = 'discarded') as discarded, count(*) filter (where state = 'superseded') as superseded
  from dead_letter where ${inScope('batch_id')} group by batch_id, first_index, op, sink
),
owed as (
  select l.batch_id, l.kind, l.first_index, l.op, l.sink, l.state, l.written, l.delivered, l.superseded, l.dead, l.sent_at, l.acks, l.first_id, l.shard,
         case when l.state = 'waiting' then greatest(0, l.written - l.delivered - l.superseded - l.dead) else 0 end as waiting,
         coalesce(d.n, 0) as letters, coalesce(d.delivered, 0) as again, coalesce(d.replaying, 0) as replaying, coalesce(d.dead, 0) as lying, coalesce(d.discarded, 0) as discarded, coalesce(d.superseded, 0) as outlived
  from ledger l left join letter d on d.batch_id = l.batch_id and d.first_index = l.first_index and d.op = l.op and d.sink = l.sink
  where l.sink <> '' and ${inScope('l.batch_id')}
),
total as (
  select kind, sink, sum(written) as due, sum(delivered + again) as delivered, sum(waiting + replaying) as waiting, sum(lying) as dead, sum(discarded) as discarded, sum(superseded + outlived) as superseded
  from owed where op <> 'replay' group by kind, sink
),
wrong as (
  select o.*, f.shards,
         delivered + waiting + superseded + dead <> written as sum_off,
         delivered < 0 or superseded < 0 or dead < 0 as negative,
         op <> 'replay' and dead <> letters as letters_off,
         case when delivered > 0 then acks is null or acks - 'left' - 'refused' - 'absent' = '{}' or (state = 'done' and acks ? 'left') else state = 'done' and acks @? '$.* ? (@.type() == "number")' end as acks_off,
         (state = 'done') <> (sent_at is not null) as instant_off,
         written > 0 and shard <> (first_id / ${ID_BLOCK}) % f.shards as shard_off
  from owed o left join (select value::int as shards from fixed_setting where name = 'shards') f on true
),
breach as (
  select batch_id, kind, first_index, sink, x.what, x.expected, x.found
  from (select * from wrong where sum_off or negative or letters_off or acks_off or instant_off or shard_off) w cross join lateral (values
    ('delivery-sum', sum_off, written, delivered + waiting + superseded + dead),
    ('delivered-negative', delivered < 0, 0, delivered),
    ('superseded-negative', superseded < 0, 0, superseded),
    ('dead-negative', dead < 0, 0, dead),
    ('dead-letters-differ', letters_off, dead, letters),
    ('acks-differ', acks_off, delivered, 0),
    ('instant-differs', instant_off, (state = 'done')::int, (sent_at is not null)::int),
    ('shard-differs', shard_off, (first_id / ${ID_BLOCK}) % shards, shard)
  ) x(what, broken, expected, found)
  where x.broken order by batch_id, first_index limit ${MOST}
)
select coalesce((select json_agg(total order by kind, sink) from total), '[]'),
       coalesce((select json_agg(json_build_object('what', what, 'batchId', batch_id, 'kind', kind, 'firstIndex', first_index, 'sink', sink, 'expected', expected, 'found', found)) from breach), '[]')`,
};

/** Where a piece of some $2 ledger rows ends that begins with the batch id $1: the first batch id after it, or no row at the end. Batches stay whole. */
export const PIECE_END: NamedStatement = {
  name: '',
  text: `select batch_id from ledger where batch_id > (select batch_id from ledger where batch_id >= $1::uuid order by batch_id offset $2 limit 1) order by batch_id limit 1`,
};

/** The database's clock, in ms since 1970. */
export const CLOCK_MS: NamedStatement = { name: '', text: `select (extract(epoch from clock_timestamp()) * 1000)::int8::text` };
