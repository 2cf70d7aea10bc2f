import type { NamedStatement } from './flush.ts';

/**
 * PostgreSQL's view of its connections; $1 is how long a statement runs, in ms, before it counts as slow, and this connection counts
 * itself. Of the sessions of other database users only the number can be seen, unless one has the role pg_monitor.
 * max_connections, reserved, connections, active, idle, idle in transaction, waiting for locks, slow, longest transaction in ms.
 */
export const ACTIVITY: NamedStatement = {
  name: 'activity',
  text: `
select current_setting('max_connections')::int,
  current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true)::int, 0),
  count(*)::int,
  (count(*) filter (where state = 'active'))::int,
  (count(*) filter (where state = 'idle'))::int,
  (count(*) filter (where state like 'idle in transaction%'))::int,
  (count(*) filter (where wait_event_type = 'Lock'))::int,
  (count(*) filter (where state = 'active' and query_start < clock_timestamp() - $1::float8 * interval '1 ms'))::int,
  coalesce(max(extract(epoch from clock_timestamp() - xact_start) * 1000) filter (where state is not null), 0)::float8
from pg_stat_activity where backend_type = 'client backend'`,
};

/** The applications with the most connections: name, connections; $1 is how many of them. */
export const ACTIVITY_BY_APPLICATION: NamedStatement = {
  name: 'activity-by-application',
  text: `
select application_name, count(*)::int from pg_stat_activity where backend_type = 'client backend'
group by application_name order by count(*) desc, application_name limit $1::int`,
};
