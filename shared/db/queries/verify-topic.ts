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
