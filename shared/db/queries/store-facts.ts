import type { NamedStatement } from './flush.ts';

/** What only the database knows of the whole fleet's work; asked by one node, for metrics. */

/** Large batches by kind and state: kind, state, how many. */
export const LARGE_STATES: NamedStatement = { name: 'large-states', text: 'select kind, state, count(*)::int from large_batch group by kind, state' };

/** Most checkpoints of a batch's beginning that are looked at. */
const MOST_SAMPLES = 200;

/**
 * Large batches that move and whose whole is known, each with the course of its beginning, up to the share $1 of the whole: kind, measure
 * (items or bytes), the whole, begin and now (ms since 1970), checkpoints as JSON, oldest first.
 */
export const LARGE_COURSES: NamedStatement = {
  name: 'large-courses',
  text: `
with live as (
  select l.id, l.kind, l.staged and l.started_at is not null as carried, case when l.total is not null then 'items' else 'bytes' end as measure, coalesce(l.total, l.upload_bytes) as whole,
    coalesce(l.started_at, l.created_at) as begun
  from large_batch l join batch b on b.id = l.id
  where l.state in ('RECEIVING', 'RUNNING') and (l.state = 'RUNNING' or (not l.staged and b.lease_until > now()))
)
select kind, measure, whole, extract(epoch from begun) * 1000, extract(epoch from now()) * 1000,
  (select coalesce(json_agg(json_build_object('at', extract(epoch from s.at) * 1000, 'items', s.items, 'bytes', s.bytes) order by s.no), '[]')
   from (select no, at, items, bytes from checkpoint k where k.batch_id = live.id and k.carried = live.carried
     and case when measure = 'items' then k.items else k.bytes end <= $1::float8 * whole order by no limit ${MOST_SAMPLES}) s)
from live where whole > 0`,
};

/** Ids given out so far: kind, and where the next block of 1,024 begins. */
export const IDS_GIVEN: NamedStatement = { name: 'ids-given', text: 'select kind, next_block * 1024 from id_block' };

/** Bytes of this database; where its server's data are, if this role may know; and whether the server is on the asking machine. */
export const DATABASE_SIZE: NamedStatement = {
  name: 'database-size',
  text: `
select pg_database_size(current_database()), case when pg_has_role('pg_read_all_settings', 'usage') then current_setting('data_directory', true) end,
  coalesce(inet_server_addr() << '127.0.0.0/8' or inet_server_addr() = '::1', true)`,
};
