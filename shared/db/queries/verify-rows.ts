import { ID_BLOCK } from '../../records/shard.ts';
import type { NamedStatement } from './flush.ts';
import { inScope, rejectedIndexes } from './verify-ranges.ts';
import { MOST } from './verify.ts';

/** Verify's statements on the rows of one kind's table, against the ranges of ids that the ledger says were written. */

/** Most pieces of the ids that are looked at closely; a hundred breaches are named long before. */
const SUSPECTS = 10_000;

/** No slice has more indexes: a chunk has at most 2,000 rows. */
const LONGEST_SPAN = 4_096;

/** Ranges of ids that the ledger says were written, each slice once. `kind` is the number of the parameter with the kind. */
const ranges = (kind: number, where: string) => `
  select distinct on (batch_id, first_index) batch_id, first_index, first_id, span, rejects
  from ledger where kind = $${kind} and op = 'insert' and written > 0 and ${where} order by batch_id, first_index, sink`;

/** Ids that the ledger says were deleted, each once. `kind` is the number of the parameter with the kind. */
const deleted = (kind: number, where: string) => `select distinct l.first_id as id from ledger l where l.kind = $${kind} and l.op = 'delete' and l.written > 0 and ${where}`;

/** Sums of the offsets a, a + 1 .. a + n - 1 and of their squares. */
const SUM = '(span * a + span * (span - 1) / 2)';
const SQUARES = '(span * a * a + a * span * (span - 1) + (span - 1) * span * (2 * span - 1) / 6)';

/**
 * Rows of a kind's table against the ledger's ranges less what was deleted, whole or from one id to another: per block of ids the number of rows, the sum of their
 * places in the block, and the sum of the squares, on both sides. A row lost here and one too many there never cancel out.
 * One scan of the table, one of the ledger. Parameters: kind, first id and last id (whole blocks) or null. One row: number of rows, suspect pieces as `[[low, high]]`, number of deleted records.
 */
export function verifyRows(table: string, id: string): NamedStatement {
  return {
    name: '',
    text: `
with r as materialized (${ranges(1, '($2::int8 is null or first_id between $2::int8 and $3::int8)')}),
gone as materialized (${deleted(1, '($2::int8 is null or l.first_id between $2::int8 and $3::int8)')}),
expected as (
  select block, sum(n)::numeric as n, sum(s)::numeric as s, sum(q)::numeric as q from (
    select first_id / ${ID_BLOCK} as block, span as n, ${SUM} as s, ${SQUARES} as q from (select first_id, span::int8 as span, first_id % ${ID_BLOCK} as a from r) w
    union all
    select r.first_id / ${ID_BLOCK}, -1, -o.at, -o.at * o.at from r cross join ${rejectedIndexes('r')} cross join lateral (select (r.first_id % ${ID_BLOCK}) + x.idx - r.first_index as at) o
    where r.rejects is not null and x.idx between r.first_index and r.first_index + r.span - 1
    union all
    select id / ${ID_BLOCK}, -1, -(id % ${ID_BLOCK}), -(id % ${ID_BLOCK}) * (id % ${ID_BLOCK}) from gone
  ) parts group by block
),
found as materialized (
  select "${id}" / ${ID_BLOCK} as block, count(*)::numeric as n, sum("${id}" % ${ID_BLOCK}) as s, sum(("${id}" % ${ID_BLOCK}) * ("${id}" % ${ID_BLOCK})) as q from "${table}" where ($2::int8 is null or "${id}" between $2::int8 and $3::int8) group by 1
),
suspect as (
  select block from expected e full join found f using (block)
  where (coalesce(e.n, 0), coalesce(e.s, 0), coalesce(e.q, 0)) <> (coalesce(f.n, 0), coalesce(f.s, 0), coalesce(f.q, 0)) order by block limit ${SUSPECTS}
)
select coalesce((select sum(n) from found), 0)::int8::text, coalesce((select json_agg(json_build_array(block * ${ID_BLOCK}, block * ${ID_BLOCK} + ${ID_BLOCK - 1}) order by block) from suspect), '[]'), (select count(*) from gone)::text`,
  };
}

/**
 * The same for the ranges of some batches alone: each range's rows are counted by the primary key. What lies outside every
 * range only the whole check can see. Parameters: the scope, then the kind.
 */
export function verifyRowsOfBatches(table: string, id: string): NamedStatement {
  return {
    name: '',
    text: `
with r as materialized (${ranges(4, inScope('batch_id'))}),
compared as (
  select r.first_id, r.span, f.n, d.n as deleted, f.n <> r.span - g.n - d.n or f.s <> r.span::int8 * (r.span - 1) / 2 - g.s - d.s as differs
  from r
  cross join lateral (select count(*) as n, coalesce(sum(x.idx - r.first_index), 0) as s from (select coalesce(r.rejects, '[]') as rejects) j cross join ${rejectedIndexes('j')} where x.idx between r.first_index and r.first_index + r.span - 1) g
  cross join lateral (select count(*) as n, coalesce(sum("${id}" - r.first_id), 0) as s from "${table}" where "${id}" between r.first_id and r.first_id + r.span - 1) f
  cross join lateral (select count(*) as n, coalesce(sum(w.id - r.first_id), 0) as s from (${deleted(4, 'l.first_id between r.first_id and r.first_id + r.span - 1')}) w) d
)
select coalesce(sum(n), 0)::int8::text,
       coalesce((select json_agg(json_build_array(first_id, first_id + span - 1)) from (select * from compared where differs order by first_id limit ${SUSPECTS}) c), '[]'), coalesce(sum(deleted), 0)::text
from compared`,
  };
}

/**
 * What exactly is wrong in the pieces [$2[i], $3[i]] of a kind's ids: ids that the ledger says were written and the table
 * lacks, rows that no range of the ledger explains, ids that two ranges claim, deletions of what is still there or never was.
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
gone as materialized (
  select l.first_id as id, min(l.batch_id::text) as batch_id, count(distinct l.batch_id) as times
  from piece p join ledger l on l.first_id between p.low and p.high where l.kind = $1 and l.op = 'delete' and l.written > 0 group by 1
),
stored as materialized (select t."${id}" as id from piece p join "${table}" t on t."${id}" between p.low and p.high)
select what, id::text, batch_id, expected::text, found::text from (
  select 'row-missing' as what, c.id, c.batch_id, 1 as expected, 0 as found from claim c where not exists (select 1 from stored s where s.id = c.id) and not exists (select 1 from gone g where g.id = c.id)
  union all
  select 'row-unexplained', s.id, null, 0, 1 from stored s where not exists (select 1 from claim c where c.id = s.id)
  union all
  select 'deletion-lost', g.id, g.batch_id, 0, 1 from gone g where exists (select 1 from stored s where s.id = g.id)
  union all
  select 'deletion-unexplained', g.id, g.batch_id, 1, 0 from gone g where not exists (select 1 from claim c where c.id = g.id)
  union all
  select 'deleted-twice', g.id, g.batch_id, 1, g.times from gone g where g.times > 1
  union all
  select 'id-claimed-twice', c.id, c.batch_id, 1, c.times from claim c where c.times > 1
) b order by id limit ${MOST}`,
  };
}

/**
 * Where the table or the ledger goes on at or after an id, and where the ids end. Parameters: kind, id. One row: the next id or null.
 */
export function nextId(table: string, id: string): NamedStatement {
  return {
    name: '',
    text: `select least((select "${id}" from "${table}" where "${id}" >= $2 order by 1 limit 1), (select first_id from ledger where kind = $1 and op = 'insert' and written > 0 and first_id >= $2 order by 1 limit 1))::text`,
  };
}
