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

/** Names of connections of nodes begin with it (shared/db/connect.ts). */
export const NODE_APPLICATION = 'sluice ';

/**
 * Connections of this database that are at work, in a transaction, or waited for; those that others wait for first, then the oldest
 * transaction. $1: how many; $2: only this process id, at whatever it is, or null. Of a statement the first word alone, for the rest can
 * hold values. Rows: process id, application, state, ms since the transaction began, ms that it has been in its state, what it waits for,
 * how many wait for it (through others too), the first word of its statement, whether it is this one.
 */
export const CONNECTIONS_AT_WORK: NamedStatement = {
  name: 'connections-at-work',
  text: `
with recursive waits (pid, by) as materialized (
  select w.pid, b.pid from pg_stat_activity w cross join unnest(pg_blocking_pids(w.pid)) as b (pid) where w.wait_event_type = 'Lock'),
through (pid, by) as (select pid, by from waits union select t.pid, w.by from through t join waits w on w.pid = t.by),
held as (select by as pid, count(distinct pid)::int as n from through group by by)
select a.pid, a.application_name, a.state, (extract(epoch from clock_timestamp() - a.xact_start) * 1000)::float8,
  (extract(epoch from clock_timestamp() - a.state_change) * 1000)::float8, case when a.state = 'active' then a.wait_event_type || ': ' || a.wait_event end,
  coalesce(h.n, 0), substring(a.query from '^\\s*([A-Za-z]{1,20})'), a.pid = pg_backend_pid()
from pg_stat_activity a left join held h on h.pid = a.pid
where a.backend_type = 'client backend' and a.datname = current_database()
  and case when $2::int is null then a.state <> 'idle' and a.pid <> pg_backend_pid() else a.pid = $2::int end
order by coalesce(h.n, 0) desc, a.xact_start nulls last limit $1::int`,
};

/** Ends the connection of the process id $1; what its transaction did is undone. Null where it is the connection that asks. */
export const END_CONNECTION: NamedStatement = {
  name: 'end-connection',
  text: 'select case when $1::int <> pg_backend_pid() then pg_terminate_backend($1::int) end',
};
