import type { NamedStatement } from './flush.ts';

/** Every shard of the sink $1, or of all: sink, shard, owner while its lease lasts, and of its first $2 rows that wait: the records, the age of the oldest in seconds, and whether there may be more. */
export const SHARDS: NamedStatement = {
  name: 'shards-list',
  text: `
select r.sink, r.shard, case when r.until > now() then r.owner end, coalesce(w.records, 0)::float8, extract(epoch from now() - w.oldest)::float8, w.rows = $2
from relay_shard r
cross join lateral (
  select sum(written - delivered - dead) as records, min(at) as oldest, count(*) as rows
  from (select written, delivered, dead, at from ledger where sink = r.sink and shard = r.shard and state = 'waiting' order by id limit $2) l
) w
where $1::text is null or r.sink = $1
order by r.sink, r.shard`,
};
