/** The statements of `verify --kafka`, for cursors; what is given are SQL literals. */

const inScope = (batchId: string, fromBatchId: string) => `(${batchId}::uuid is null or batch_id = ${batchId}::uuid) and (${fromBatchId}::uuid is null or batch_id >= ${fromBatchId}::uuid)`;
const REJECTED = `case when rejects is null then '{}' else array(select distinct (e->>0)::int from jsonb_array_elements(rejects) e) end`;

/** Ids that were given out, by kind: every id of a message that was sent lies below. */
export const GIVEN_IDS = 'select kind, next_block * 1024 from id_block';

/**
 * What the ledger says was acknowledged, as runs of offsets in the order of partition and offset. Columns: partition, base
 * offset, first and last id that it may hold, whether the run holds every written one of them that belongs to the partition,
 * batch id, first index, op, kind, first id, version, rejected indexes.
 */
export function claimsQuery(sink: string, batchId: string, fromBatchId: string): string {
  return `
select c.partition, c.base, c.low, c.high, c.complete and l.state = 'done' and l.superseded = 0 and l.dead = 0, l.batch_id, l.first_index, l.op, l.kind, l.first_id, l.version, ${REJECTED}
from ledger l cross join lateral (
  select a.key::int as partition, (a.value)::text::int8 as base, l.first_id as low, l.first_id + l.span - 1 as high, true as complete
  from jsonb_each(l.acks) a where a.key ~ '^[0-9]+$' and jsonb_typeof(a.value) = 'number'
  union all
  select a.key::int, (r->>2)::int8, (r->>0)::int8, (r->>1)::int8, false
  from jsonb_each(l.acks) a cross join lateral jsonb_array_elements(case when jsonb_typeof(a.value) = 'array' then a.value else '[]' end) r where a.key ~ '^[0-9]+$' and (r->>2)::int8 >= 0
) c
where l.sink = ${sink} and l.acks is not null and ${inScope(batchId, fromBatchId)}
order by c.partition, c.base`;
}

/** Versions that were made, in no order. Columns: kind, id, version. */
export const VERSIONS_QUERY = `select kind, first_id, version from ledger where op = 'update' and written > 0`;

/**
 * Ledger rows of a sink, in no order. Columns: batch id, first index, op, kind, whether it was done by the instant, whether it is
 * in scope, first id, span, version, delivered, superseded, rejected indexes, ids of its dead letters.
 */
export function owedRowsQuery(sink: string, instant: string, batchId: string, fromBatchId: string): string {
  return `
select batch_id, first_index, op, kind, state = 'done' and sent_at <= ${instant}::timestamptz, ${inScope(batchId, fromBatchId)},
       first_id, span, version, delivered, superseded, ${REJECTED},
       case when dead = 0 then '{}' else array(select record_id::text from dead_letter d where d.batch_id = l.batch_id and d.first_index = l.first_index and d.op = l.op and d.sink = l.sink) end
from ledger l where sink = ${sink} and written > 0`;
}

/** The database's clock, as text that it reads again. */
export const CLOCK = 'select clock_timestamp()::text';
