import type { NamedStatement } from './flush.ts';

/**
 * A batch and what the ledger holds of it, in one snapshot. A slice has one ledger row for each sink; its items are
 * counted once. Columns: kind, state, requested, received_at, closed_at, covered, written, rejected, and the sinks as
 * `[{sink, due, delivered, waiting, superseded}]`. `waiting` is counted of unfinished rows, not reckoned from the rest.
 */
export const BATCH_STATUS: NamedStatement = {
  name: 'batch-status',
  text: `
with slices as (
  select distinct on (first_index, op) span, written, rejected from ledger where batch_id = $1 order by first_index, op, sink
),
items as (
  select coalesce(sum(span), 0)::int8::text as covered, coalesce(sum(written), 0)::int8::text as written, coalesce(sum(rejected), 0)::int8::text as rejected from slices
),
sinks as (
  select sink, sum(written) as due, sum(delivered) as delivered, sum(superseded) as superseded,
         coalesce(sum(written - delivered - superseded) filter (where state = 'waiting'), 0) as waiting
  from ledger where batch_id = $1 and sink <> '' group by sink
)
select b.kind, b.state, b.requested, b.received_at::text, b.closed_at::text, items.covered, items.written, items.rejected,
       coalesce((select json_agg(json_build_object('sink', sink, 'due', due, 'delivered', delivered, 'waiting', waiting, 'superseded', superseded) order by sink) from sinks), '[]'::json) as sinks
from batch b cross join items where b.id = $1`,
};
