/** The statements of `verify --kafka`, for cursors; what is given are SQL literals. */

const inScope = (batchId: string, fromBatchId: string) => `(${batchId}::uuid is null or batch_id = ${batchId}::uuid) and (${fromBatchId}::uuid is null or batch_id >= ${fromBatchId}::uuid)`;
const REJECTED = `case when rejects is null then '{}' else array(select distinct (e->>0)::int from jsonb_array_elements(rejects) e) end`;

/** Opens a snapshot for cursors that are read to their end. */
export const OPEN_CURSORS = `begin isolation level repeatable read read only; set local jit = off; set local work_mem = '64MB'; set local cursor_tuple_fraction = 1`;

/** Ids that were given out, by kind: every id of a message that was sent lies below. */
export const GIVEN_IDS = 'select kind, next_block * 1024 from id_block';

/**
 * What the ledger says was acknowledged, as runs of offsets in the order of partition and offset. Columns: partition, base
 * offset, first and last id that it may hold, whether the run holds every written one of them that belongs to the partition,
 * batch id, first index, op, kind, first id, version, rejected indexes.
 */
export function claimsQuery(sink: string, batchId: string, fromBatchId: string): string {
  return `
select a.key::int, coalesce((r->>2)::int8, (a.value)::text::int8), coalesce((r->>0)::int8, l.first_id), coalesce((r->>1)::int8, l.first_id + l.span - 1),
       r is null and l.state = 'done' and l.superseded = 0 and l.dead = 0, l.batch_id, l.first_index, l.op, l.kind, l.first_id, l.version, ${REJECTED}
from ledger l cross join lateral jsonb_each(l.acks) a
left join lateral jsonb_array_elements(case when jsonb_typeof(a.value) = 'array' then a.value end) r on true
where l.sink = ${sink} and l.acks is not null and ${inScope(batchId, fromBatchId)} and a.key ~ '^[0-9]+$' and (jsonb_typeof(a.value) = 'number' or (r->>2)::int8 >= 0)
order by 1, 2`;
}

/** Versions that were made, in no order. Columns: kind, id, version. */
export const VERSIONS_QUERY = `select kind, first_id, version from ledger where op in ('update', 'delete') and written > 0`;

/**
 * Ledger rows of a sink, in no order. Columns: batch id, first index, op, kind, whether it was done by the instant, whether it is
 * in scope, first id, span, version, delivered, superseded, rejected indexes, ids of its dead letters; that of a replay's row is the one that it released.
 */
export function owedRowsQuery(sink: string, instant: string, batchId: string, fromBatchId: string): string {
  return `
select batch_id, first_index, op, kind, state = 'done' and sent_at <= ${instant}::timestamptz, ${inScope(batchId, fromBatchId)},
       first_id, span, version, delivered, superseded, ${REJECTED},
       case when dead = 0 then '{}' when op = 'replay' then array[first_id::text] else array(select record_id::text from dead_letter d where d.batch_id = l.batch_id and d.first_index = l.first_index and d.op = l.op and d.sink = l.sink) end
from ledger l where sink = ${sink} and written > 0`;
}

/**
 * Events of a sink, in no order. Columns: kind, key, version, batch id, first index, whether it was delivered by the instant, whether it is in scope,
 * partition and offset where it lies, or nulls. A dead letter that was replayed has no place of its own.
 */
export function owedEventsQuery(sink: string, instant: string, batchId: string, fromBatchId: string): string {
  return `
select l.kind, l.key, l.version, l.batch_id, l.first_index, l.state = 'done' and delivered > 0 and sent_at <= ${instant}::timestamptz, ${inScope(batchId, fromBatchId)}, a.key::int, coalesce((a.value->0->>2)::int8, (a.value)::text::int8)
from ledger l left join lateral (select key, value from jsonb_each(l.acks) where key ~ '^[0-9]+$' and (jsonb_typeof(value) = 'number' or (value->0->>2)::int8 >= 0) limit 1) a on true
where sink = ${sink} and op = 'event'`;
}

/** The database's clock, as text that it reads again. */
export const CLOCK = 'select clock_timestamp()::text';
