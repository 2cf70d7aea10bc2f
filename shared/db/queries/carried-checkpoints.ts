import { checkpointCreated, tell, TOLD_OF } from './batch-events.ts';
import type { NamedStatement } from './flush.ts';

/** At the latest after this there is a checkpoint, if anything was done. */
export const CHECKPOINT_S = 10;

/**
 * Writes a checkpoint of the staged batch $1 that is carried out, if one is due, and tells of it ($2 sink, $3 node): all chunks before the
 * first one that is left are in the ledger, so a checkpoint is a prefix of the items here too, and only what came since the last one
 * is counted. Due is one at each interval of items, after ${CHECKPOINT_S} s, and when no chunk is left. The row is locked only then, for its events
 * have one order, and none comes behind its end. A row (its items) comes back where one was written.
 */
export const CARRIED_CHECKPOINT: NamedStatement = {
  name: 'carried-checkpoint',
  text: `
with last as (
  select coalesce(k.items, 0) as items, coalesce(k.written, 0) as written, coalesce(k.rejected, 0) as rejected, coalesce(k.at, l.started_at, l.created_at) as at
  from large_batch l left join lateral (select * from checkpoint where batch_id = l.id and carried order by no desc limit 1) k on true where l.id = $1
),
reach as (select coalesce((select min(first_index) from chunk where batch_id = $1), (select total from large_batch where id = $1)) as items),
live as (
  select l.id, coalesce(l.upload_bytes, 0) as bytes, r.items, p.items as before, p.written, p.rejected
  from large_batch l join batch b on b.id = l.id cross join last p cross join reach r
  where l.id = $1 and l.staged and l.state = 'RUNNING' and b.state = 'open' and r.items > p.items
    and (r.items = l.total or (l.checkpointing and (r.items - p.items >= l.checkpoint_interval or now() - p.at not between interval '0' and interval '${CHECKPOINT_S} s')))
  for no key update of l
),
since as (
  select coalesce(sum(s.written), 0) as written, coalesce(sum(s.rejected), 0) as rejected
  from live cross join lateral (select distinct on (first_index) written, rejected from ledger where batch_id = $1 and op = 'insert' and first_index >= live.before and first_index < live.items order by first_index, sink) s
),
made as (
  insert into checkpoint (batch_id, no, items, bytes, written, rejected, carried)
  select v.id, 1 + coalesce((select max(no) from checkpoint where batch_id = $1), 0), v.items, v.bytes, v.written + s.written, v.rejected + s.rejected, true from live v cross join since s
  on conflict (batch_id, no) do nothing
  returning batch_id, no, at, items, bytes, written, rejected
),
counted as (update large_batch l set events = events + 1 from made where l.id = made.batch_id returning ${TOLD_OF}),
event as (${checkpointCreated('counted', 'made')}),
told as (${tell('event', '$2', '$3')})
select items from made`,
};
