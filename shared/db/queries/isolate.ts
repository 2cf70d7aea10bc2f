import { castText, insertColumns, type FlushTarget } from './flush.ts';

/**
 * The statements that find a guilty row: one slice in one transaction, its rows inserted range by range under savepoints.
 */

/** Batches of sole slices get a row of their own first, open and leased (for as long as any batch may be), so that each of their slices can be tried alone. */
export const OPEN_BATCHES = `
insert into batch (id, kind, client, epoch, state, requested, received_at, lease_until, client_reference)
select distinct on (id) id, $1, client, epoch, 'open', requested, received_at::timestamptz, now() + $7 * interval '1 ms', client_reference
from unnest($2::uuid[], $3::text[], $4::int4[], $5::int4[], $6::text[], $8::text[]) as s(id, client, epoch, requested, received_at, client_reference) order by id
on conflict (id) do nothing`;

/** Closes those batches again, if nobody settled them meanwhile. */
export const CLOSE_BATCHES = `update batch set state = 'closed', closed_at = now(), lease_until = null where id = any($1::uuid[]) and epoch = 0 and state = 'open'`;

/** Fence and ledger rows of one slice; no row comes back when it is fenced or already there. */
export function openSliceStatement(target: FlushTarget): string {
  const sinks = target.sinks.length === 0 ? [''] : target.sinks;
  return `
with held as (select id from batch where id = $1 and epoch = $2 and state = 'open' for share)
insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, rejects, node, state, trace)
select held.id, $3, 'insert', k.sink, '${target.kind}', $4::int4, $5, $6, 1, $4::int4, 0, null, $7, 'none', nullif($8, '')
from held cross join (values ${sinks.map((sink) => `('${sink}')`).join(', ')}) k(sink)
on conflict (batch_id, first_index, op, sink) do nothing
returning first_index`;
}

/** What the slice came to, once its rows are in. */
export const COUNT_SLICE = `
update ledger set written = $3, rejected = span - $3, rejects = $4::jsonb, state = case when sink = '' or $3 = 0 then 'none' else 'waiting' end
where batch_id = $1 and first_index = $2 and op = 'insert'`;

/** Inserts a range of a slice's rows: parameters are the slice's first id, its instant, offsets, then a column each. */
export function insertRangeStatement(target: FlushTarget): string {
  const { names, carried, received } = insertColumns(target);
  const values = ['$1::int8 + r.off', ...(received === undefined ? [] : ['$2::timestamptz']), ...carried.map((c, i) => castText(`r.c${i}`, c))];
  return `
insert into "${target.table}" (${names.join(', ')})
select ${values.join(', ')} from unnest($3::int4[]${carried.map((_, i) => `, $${4 + i}::text[]`).join('')}) as r(off${carried.map((_, i) => `, c${i}`).join('')})
where $2::text is not null`;
}

/** Columns of the unique index (or constraint) $1 and its predicate; no row where an expression is indexed, or it is checked late. */
export const UNIQUE_COLUMNS = `
select string_agg(quote_ident(a.attname), ', ' order by k.no) as columns, pg_get_expr(i.indpred, i.indrelid) as predicate
from pg_index i cross join unnest(i.indkey::int2[]) with ordinality as k(attnum, no) left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
where i.indexrelid = to_regclass(quote_ident($1)) and i.indisunique and i.indimmediate and k.no <= i.indnkeyatts
group by i.indpred, i.indrelid having bool_and(k.attnum > 0)`;

/** The same insert without the rows that clash in these columns, be it with each other: of those the first is kept. Answers the ids of the rows that are in. */
export function insertWithoutClashes(target: FlushTarget, insertRange: string, { columns, predicate }: { columns: string; predicate: string | null }): string {
  const id = target.columns.find((c) => c.primary)?.column ?? 'id';
  return `${insertRange} on conflict (${columns})${predicate === null ? '' : ` where ${predicate}`} do nothing returning "${id}" as id`;
}
