import type { NamedStatement } from './flush.ts';
import { OF_ITEMS } from './ledger-ops.ts';
import { STILL_STAGED } from './staged-chunks.ts';

/**
 * A batch and what the ledger holds of it, in one snapshot. A slice has one ledger row for each sink; its items are
 * counted once. Columns: kind, state, requested, received_at, closed_at, client_reference, covered, written,
 * rejected, staged (null where nothing can be; what of it the ledger has is not counted), and the sinks as
 * `[{sink, due, delivered, waiting, dead, discarded, superseded}]`, and the state of a large batch. `waiting` is counted of unfinished rows, not reckoned from the rest;
 * what a row calls dead is where its dead letter is by now (m0004).
 */
export const BATCH_STATUS: NamedStatement = {
  name: 'batch-status',
  text: `
with slices as (
  select distinct on (first_index, op) span, written, rejected from ledger where batch_id = $1 and ${OF_ITEMS} order by first_index, op, sink
),
items as (
  select coalesce(sum(span), 0)::int8::text as covered, coalesce(sum(written), 0)::int8::text as written, coalesce(sum(rejected), 0)::int8::text as rejected from slices
),
rows as (
  select sink, sum(written) as due, sum(delivered) as delivered, sum(superseded) as superseded,
         coalesce(sum(written - delivered - superseded - dead) filter (where state = 'waiting'), 0) as waiting
  from ledger where batch_id = $1 and ${OF_ITEMS} and sink <> '' group by sink
),
letters as (
  select sink, count(*) filter (where state = 'delivered') as delivered, count(*) filter (where state = 'superseded') as superseded, count(*) filter (where state = 'replaying') as replaying,
         count(*) filter (where state = 'dead') as dead, count(*) filter (where state = 'discarded') as discarded
  from dead_letter where batch_id = $1 and ${OF_ITEMS} group by sink
),
sinks as (
  select r.sink, r.due, r.delivered + coalesce(d.delivered, 0) as delivered, r.superseded + coalesce(d.superseded, 0) as superseded, r.waiting + coalesce(d.replaying, 0) as waiting,
         coalesce(d.dead, 0) as dead, coalesce(d.discarded, 0) as discarded
  from rows r left join letters d on d.sink = r.sink
)
select b.kind, b.state,
       -- How much an upload under way will have nobody knows: accepted is what is there.
       case when b.large and v.state not in ('COMPLETED', 'FAILED', 'CANCELLED') and (b.requested = 0 or b.state = 'closed') then items.covered::int8 + g.items else b.requested end, b.received_at::text, b.closed_at::text, b.client_reference, items.covered, items.written, items.rejected,
       case when b.large and b.state = 'open' then g.items::text end,
       coalesce((select json_agg(json_build_object('sink', sink, 'due', due, 'delivered', delivered, 'waiting', waiting, 'dead', dead, 'discarded', discarded, 'superseded', superseded) order by sink) from sinks), '[]'::json) as sinks,
       v.state
from batch b cross join items cross join (select coalesce(sum(${STILL_STAGED}), 0)::int8 as items from chunk c where c.batch_id = $1) g left join large_batch v on v.id = $1 where b.id = $1`,
};
