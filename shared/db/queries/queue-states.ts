import type { NamedStatement } from './flush.ts';

/** By lane: large batches under way, staged items that wait, and the age of the oldest such batch in seconds. */
export const LANES: NamedStatement = {
  name: 'queues-lanes',
  text: `
select l.lane, count(*)::int, coalesce(sum(c.items), 0)::float8, extract(epoch from now() - min(l.started_at))::float8
from large_batch l
cross join lateral (select coalesce(sum(span), 0) as items from chunk where batch_id = l.id) c
where l.state in ('RECEIVING', 'RUNNING')
group by l.lane`,
};
