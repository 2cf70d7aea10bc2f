import type { NamedStatement } from './flush.ts';

/** Statements of the relay that carries out replays; filters and states are explained in m0004. Times are the database's. */

/** A lease that lies further ahead than its longest legal length counts as due. */
const FREE = (owner: string, leaseMs: string) => `(lease_owner is null or lease_owner = ${owner} or lease_until <= now() or lease_until > now() + ${leaseMs} * interval '1 ms')`;

/** Replays of the sink $1 that the relay $2 may carry out (lease $3 ms): id, rate. */
export const RUNNING_REPLAYS: NamedStatement = {
  name: 'dead-letter-running-replays',
  text: `select id, rate from replay where sink = $1 and state = 'running' and ${FREE('$2', '$3')} order by requested_at`,
};

/** Whether the replay r is yet to release the dead letter d: both are aliases. */
export const releasedBy = (d: string, r: string) => `${d}.sink = ${r}.sink and ${d}.id > ${r}.after_id and ${d}.state = 'dead' and ${d}.last_failed_at <= ${r}.requested_at
      and (${r}.filter->'ids' is null or ${r}.filter->'ids' @> to_jsonb(${d}.id) or ${r}.filter->'ids' @> to_jsonb(${d}.id::text))
      and (${r}.filter->>'fingerprint' is null or ${d}.fingerprint = ${r}.filter->>'fingerprint')
      and (${r}.filter->>'sink' is null or ${d}.sink = ${r}.filter->>'sink')
      and (${r}.filter->>'kind' is null or ${d}.kind = ${r}.filter->>'kind')
      and (${r}.filter->>'code' is null or ${d}.code = ${r}.filter->>'code')
      and (${r}.filter->>'since' is null or ${d}.last_failed_at >= (${r}.filter->>'since')::timestamptz)
      and (${r}.filter->>'until' is null or ${d}.last_failed_at <= (${r}.filter->>'until')::timestamptz)`;

/**
 * Releases the next dead letters of the replay $1 in the order of their ids, at most $4, unless the last ones were released less than
 * $5 ms ago. Dead letter, ledger row and the replay's progress change together, or not at all: two replays cannot release the
 * same letter, and a relay that dies leaves nothing half done. A replay with nothing left to release and nothing on its way is done.
 * No row comes back when it was stopped, or another relay has it; else: released now, state.
 */
export const RELEASE_LETTERS: NamedStatement = {
  // Without a name: a plan made while there were few dead letters would not do for many.
  name: '',
  text: `
with r as materialized (
  select *, released_at is null or released_at <= now() - $5 * interval '1 ms' or released_at > now() as may
  from replay where id = $1 and state = 'running' and ${FREE('$2', '$3')} for update
),
due as materialized (
  select *, row_number() over (order by id) - 1 as no from (
    select d.id, d.sink, d.shard, d.kind, d.record_id, d.version, case when d.op = 'event' then d.batch_id::text end as key
    from r join dead_letter d on r.may and ${releasedBy('d', 'r')}
    order by d.id limit $4 for update of d
  ) d
),
freed as (
  update dead_letter d set state = 'replaying', replays = d.replays + 1, replay_id = $1 from due where d.id = due.id
),
owed as (
  insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, key)
  select r.id, r.released + due.no, 'replay', due.sink, due.kind, 1, due.shard, due.record_id, due.version, 1, 0, $2, 'waiting', due.key from r, due order by due.no
),
n as (select count(*)::int as n, max(id) as last from due),
verdict as (
  select r.id, n.n, coalesce(n.last, r.after_id) as after_id,
         r.may and n.n = 0 and not exists (select 1 from dead_letter where replay_id = $1 and state = 'replaying') as done
  from r, n
)
update replay p set
  lease_owner = $2, lease_until = now() + $3 * interval '1 ms', released = p.released + v.n, after_id = v.after_id,
  released_at = case when v.n > 0 then now() else p.released_at end,
  state = case when v.done then 'done' else p.state end, ended_at = case when v.done then now() end
from verdict v where p.id = v.id
returning v.n, p.state`,
};
