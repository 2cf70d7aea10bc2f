import { ID_BLOCK } from '../../records/shard.ts';
import type { NamedStatement } from './flush.ts';

/**
 * The statements of verify. All of one check run in one transaction that reads one snapshot, so that the sums hold while
 * work goes on. None has a name: their plans must fit their parameters, and they are rare.
 *
 * What they cost: three scans of the ledger and one of each kind's table; nothing is looked up record by record where the
 * sums agree. On a busy machine of 4 cores 4 million records in 7,800 ledger rows took 2 s, nearly all of it the scan of the
 * table; 1 million records that were sent one by one, with as many batches and ledger rows, took 8 s.
 */

/** Most breaches that a report names; each statement answers one more, if there are more. */
export const BREACHES_NAMED = 100;
const MOST = BREACHES_NAMED + 1;
/** Most pieces of the ids that are looked at closely; a hundred breaches are named long before. */
const SUSPECTS = 10_000;

/** No slice has more indexes: a chunk has at most 2,000 rows. */
const LONGEST_SPAN = 4_096;

/** Opens the snapshot. A transaction's time limit is only taken anew when it was off before. */
export function openSnapshot(timeoutMs: number): string {
  const ms = Math.max(1, Math.ceil(timeoutMs));
  return `begin isolation level repeatable read read only; set local transaction_timeout = 0; set local transaction_timeout = ${ms}; set local statement_timeout = ${ms}; set local work_mem = '64MB'; set local jit = off`;
}

/** When the snapshot was taken, ISO 8601. */
export const SNAPSHOT_AT: NamedStatement = { name: '', text: `select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')` };

/** Scope: parameter 1 a batch or null, parameter 2 the smallest batch id or null. */
const inScope = (column: string) => `($1::uuid is null or ${column} = $1::uuid) and ($2::uuid is null or ${column} >= $2::uuid)`;

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
  from ledger where ${inScope('batch_id')} group by batch_id, first_index, op
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
verdict as materialized (
  select coalesce(b.id, s.batch_id) as batch_id, coalesce(b.kind, s.kind) as kind, b.id is null as orphan, b.state, b.requested,
         coalesce(s.written, 0) as written, coalesce(s.rejected, 0) as rejected, coalesce(s.inserted, 0) as inserted,
         greatest(0, b.requested - coalesce(s.covered, 0)) as lacking, s.furthest, s.overlapping, s.differing, s.kind as ledger_kind
  from (select id, kind, state, requested from batch where ${inScope('id')}) b full join summed s on s.batch_id = b.id
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

/** Rejected indexes of a ledger row, each once: `rejects` holds one entry for each fault. */
const rejectedIndexes = (row: string) => `lateral (select distinct (e->>0)::int as idx from jsonb_array_elements(${row}.rejects) e) x`;

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
 * Delivery: per kind and sink what is due against what became of it. One scan of the ledger. `waiting` is counted of unfinished rows.
 * One row: sinks `[{kind, sink, due, delivered, waiting, superseded}]`, breaches `[{batchId, kind, firstIndex, sink, expected, found}]`.
 */
export const VERIFY_DELIVERY: NamedStatement = {
  name: '',
  text: `
with owed as (
  select batch_id, kind, first_index, op, sink, written, delivered, superseded,
         case when state = 'waiting' then greatest(0, written - delivered - superseded) else 0 end as waiting
  from ledger where sink <> '' and ${inScope('batch_id')}
),
total as (
  select kind, sink, sum(written) as due, sum(delivered) as delivered, sum(waiting) as waiting, sum(superseded) as superseded from owed group by kind, sink
),
breach as (
  select * from owed where delivered + waiting + superseded <> written or delivered < 0 or superseded < 0 order by batch_id limit ${MOST}
)
select coalesce((select json_agg(total order by kind, sink) from total), '[]'),
       coalesce((select json_agg(json_build_object('batchId', batch_id, 'kind', kind, 'firstIndex', first_index, 'sink', sink, 'expected', written, 'found', delivered + waiting + superseded)) from breach), '[]')`,
};

/** Ranges of ids that the ledger says were written, each slice once. `kind` is the number of the parameter with the kind. */
const ranges = (kind: number, where: string) => `
  select distinct on (batch_id, first_index) batch_id, first_index, first_id, span, rejects
  from ledger where kind = $${kind} and op = 'insert' and written > 0 and ${where} order by batch_id, first_index, sink`;

/** Sums of the offsets a, a + 1 .. a + n - 1 and of their squares. */
const SUM = '(span * a + span * (span - 1) / 2)';
const SQUARES = '(span * a * a + a * span * (span - 1) + (span - 1) * span * (2 * span - 1) / 6)';

/**
 * Rows of a kind's table against the ledger's ranges, whole: per block of ids the number of rows, the sum of their
 * places in the block, and the sum of the squares, on both sides. A row lost here and one too many there never cancel out.
 * One scan of the table, one of the ledger. Parameter: kind. One row: number of rows, suspect pieces as `[[low, high]]`.
 */
export function verifyRows(table: string, id: string): NamedStatement {
  return {
    name: '',
    text: `
with r as materialized (${ranges(1, 'true')}),
expected as (
  select block, sum(n)::numeric as n, sum(s)::numeric as s, sum(q)::numeric as q from (
    select first_id / ${ID_BLOCK} as block, span as n, ${SUM} as s, ${SQUARES} as q from (select first_id, span::int8 as span, first_id % ${ID_BLOCK} as a from r) w
    union all
    select r.first_id / ${ID_BLOCK}, -1, -o.at, -o.at * o.at from r cross join ${rejectedIndexes('r')} cross join lateral (select (r.first_id % ${ID_BLOCK}) + x.idx - r.first_index as at) o
    where r.rejects is not null and x.idx between r.first_index and r.first_index + r.span - 1
  ) parts group by block
),
found as materialized (
  select "${id}" / ${ID_BLOCK} as block, count(*)::numeric as n, sum("${id}" % ${ID_BLOCK}) as s, sum(("${id}" % ${ID_BLOCK}) * ("${id}" % ${ID_BLOCK})) as q from "${table}" group by 1
),
suspect as (
  select block from expected e full join found f using (block)
  where (coalesce(e.n, 0), coalesce(e.s, 0), coalesce(e.q, 0)) <> (coalesce(f.n, 0), coalesce(f.s, 0), coalesce(f.q, 0)) order by block limit ${SUSPECTS}
)
select coalesce((select sum(n) from found), 0)::int8::text, coalesce((select json_agg(json_build_array(block * ${ID_BLOCK}, block * ${ID_BLOCK} + ${ID_BLOCK - 1}) order by block) from suspect), '[]')`,
  };
}

/**
 * The same for the ranges of some batches alone: each range's rows are counted by the primary key. What lies outside every
 * range only the whole check can see. Parameters: batch, smallest batch id, kind.
 */
export function verifyRowsOfBatches(table: string, id: string): NamedStatement {
  return {
    name: '',
    text: `
with r as materialized (${ranges(3, inScope('batch_id'))}),
compared as (
  select r.first_id, r.span, f.n, f.n <> r.span - g.n or f.s <> r.span::int8 * (r.span - 1) / 2 - g.s as differs
  from r
  cross join lateral (select count(*) as n, coalesce(sum(x.idx - r.first_index), 0) as s from (select coalesce(r.rejects, '[]') as rejects) j cross join ${rejectedIndexes('j')} where x.idx between r.first_index and r.first_index + r.span - 1) g
  cross join lateral (select count(*) as n, coalesce(sum("${id}" - r.first_id), 0) as s from "${table}" where "${id}" between r.first_id and r.first_id + r.span - 1) f
)
select coalesce(sum(n), 0)::int8::text,
       coalesce((select json_agg(json_build_array(first_id, first_id + span - 1)) from (select * from compared where differs order by first_id limit ${SUSPECTS}) c), '[]')
from compared`,
  };
}

/**
 * What exactly is wrong in the pieces [$2[i], $3[i]] of a kind's ids: ids that the ledger says were written and the table
 * lacks, rows that no range of the ledger explains, ids that two ranges claim.
 * Rows: what, id, batch id (null for a row that nothing explains), expected, found.
 */
export function verifyIds(table: string, id: string): NamedStatement {
  return {
    name: '',
    text: `
with piece as (select low, high from unnest($2::int8[], $3::int8[]) as p(low, high)),
r as materialized (
  select distinct on (l.batch_id, l.first_index) l.batch_id, l.first_index, l.first_id, l.span, l.rejects
  from piece p join ledger l on l.first_id between p.low - ${LONGEST_SPAN} and p.high
  where l.kind = $1 and l.op = 'insert' and l.written > 0 order by l.batch_id, l.first_index, l.sink
),
claimed as (
  select i.id, r.batch_id
  from r cross join lateral generate_series(r.first_id, r.first_id + r.span - 1) i(id)
  where exists (select 1 from piece p where i.id between p.low and p.high)
    and not exists (select 1 from (select coalesce(r.rejects, '[]') as rejects) j cross join ${rejectedIndexes('j')} where x.idx = r.first_index + i.id - r.first_id)
),
claim as materialized (select id, min(batch_id::text) as batch_id, count(*) as times from claimed group by id),
stored as materialized (select t."${id}" as id from piece p join "${table}" t on t."${id}" between p.low and p.high)
select what, id::text, batch_id, expected::text, found::text from (
  select 'row-missing' as what, c.id, c.batch_id, 1 as expected, 0 as found from claim c where not exists (select 1 from stored s where s.id = c.id)
  union all
  select 'row-unexplained', s.id, null, 0, 1 from stored s where not exists (select 1 from claim c where c.id = s.id)
  union all
  select 'id-claimed-twice', c.id, c.batch_id, 1, c.times from claim c where c.times > 1
) b order by id limit ${MOST}`,
  };
}

/** The database's clock, as text that it reads again. */
export const CLOCK = 'select clock_timestamp()::text';

/**
 * Ledger rows of a sink, and all that made later versions, for a cursor; what is given are SQL literals. Columns: batch id,
 * first index, op, kind, whether it is the sink's, whether it was done by the instant, whether it is in scope, first id,
 * span, version, delivered, superseded, rejected indexes.
 */
export function owedRowsQuery(sink: string, instant: string, batchId: string, fromBatchId: string): string {
  return `
select batch_id, first_index, op, kind, sink = ${sink}, state = 'done' and sent_at <= ${instant}::timestamptz,
       (${batchId}::uuid is null or batch_id = ${batchId}::uuid) and (${fromBatchId}::uuid is null or batch_id >= ${fromBatchId}::uuid),
       first_id, span, version, delivered, superseded,
       case when rejects is null then '{}' else array(select (e->>0)::int from jsonb_array_elements(rejects) e) end
from ledger where (sink = ${sink} and written > 0) or op = 'update'`;
}
