import type { NamedStatement } from './flush.ts';

/** What operators do to dead letters; the relay's part of a replay is in dead-letter-replay.ts. */

const UNNAMED = '';

/**
 * Dead letters that a selection names: $1 ids, or $2 sink, $3 fingerprint, $4 kind, $5 code, $6 since, $7 until; null filters nothing.
 * The relay reads a replay's filter in the same way.
 */
const selected = (d: string) => `
      ($1::int8[] is null or ${d}.id = any($1)) and ($2::text is null or ${d}.sink = $2) and ($3::text is null or ${d}.fingerprint = $3) and ($4::text is null or ${d}.kind = $4)
  and ($5::text is null or ${d}.code = $5) and ($6::timestamptz is null or ${d}.last_failed_at >= $6) and ($7::timestamptz is null or ${d}.last_failed_at <= $7)`;
const SELECTED = selected('d');

/** One replay is begun at a time, so that no two can overlap unseen. */
export const LOCK_REPLAYS: NamedStatement = { name: 'lock-replays', text: `select pg_advisory_xact_lock(hashtextextended('sluice replays', 0))` };

/** State and sink of the dead letters $1, by id; `lock` keeps them as they are until the transaction ends. */
export function readStates(lock: boolean): NamedStatement {
  return { name: UNNAMED, text: `select d.id, d.state, d.sink from dead_letter d where d.id = any($1::int8[]) order by d.id${lock ? ' for update' : ''}` };
}

/** A replay releases what was dead when it was asked for. */
const releasable = (d: string) => `${d}.state = 'dead' and ${d}.last_failed_at <= now()`;
const RELEASABLE = releasable('d');
/** Of a record whose current state is sent: a later letter goes with the replay, or is on its way, and stands for this one. */
const STOOD_FOR = `exists (select 1 from dead_letter n where n.kind = d.kind and n.record_id = d.record_id and n.sink = d.sink and n.version > d.version and (n.state = 'replaying' or ${releasable('n')} and ${selected('n')}))`;

/** Selected ones that a replay begun now releases, counted by sink. */
export const COUNT_RELEASABLE: NamedStatement = { name: UNNAMED, text: `select d.sink, count(*)::int4 from dead_letter d where ${RELEASABLE} and ${SELECTED} group by d.sink order by d.sink` };

/** Selected ones that are dead now, counted by sink. */
export const COUNT_DEAD: NamedStatement = { name: UNNAMED, text: `select d.sink, count(*)::int4 from dead_letter d where d.state = 'dead' and ${SELECTED} group by d.sink order by d.sink` };

/** Running replays of the sink $1, or of all where that is null: id, filter. */
export const RUNNING_FILTERS: NamedStatement = { name: UNNAMED, text: `select id, filter from replay where ($1::text is null or sink = $1) and state = 'running' order by requested_at` };

/** A running replay of the sink $2 that has some of the selected under way, or is going to release them. */
export const OVERLAPPING_REPLAY: NamedStatement = {
  name: UNNAMED,
  text: `
select r.id from replay r
where r.sink = $2 and r.state = 'running' and exists (
  select 1 from dead_letter d where ${SELECTED} and (
    d.state = 'replaying' and d.replay_id = r.id
    or d.state = 'dead' and d.id > r.after_id and d.last_failed_at <= r.requested_at
      and (r.filter->'ids' is null or r.filter->'ids' @> to_jsonb(d.id))
      and (r.filter->>'fingerprint' is null or d.fingerprint = r.filter->>'fingerprint') and (r.filter->>'kind' is null or d.kind = r.filter->>'kind')
      and (r.filter->>'code' is null or d.code = r.filter->>'code')
      and (r.filter->>'since' is null or d.last_failed_at >= (r.filter->>'since')::timestamptz) and (r.filter->>'until' is null or d.last_failed_at <= (r.filter->>'until')::timestamptz)))
order by r.requested_at limit 1`,
};

/** Kinds whose messages carry their record's current state, with the table of the records. */
export interface StateTable {
  kind: string;
  table: string;
  idColumn: string;
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Selected ones that are dead, counted by where their messages go: topic, partition, count, and how many have nothing to send, for their record is gone or a later letter stands for them. A deletion is told as it was kept. */
export function planReplay(tables: readonly StateTable[]): NamedStatement {
  const gone = tables.map(({ kind, table, idColumn }) => `d.kind = ${quoted(kind)} and (${STOOD_FOR} or d.op <> 'delete' and not exists (select 1 from "${table}" t where t."${idColumn}" = d.record_id))`);
  return {
    name: UNNAMED,
    text: `
select d.topic, d.partition, count(*)::int4, count(*) filter (where ${gone.length === 0 ? 'false' : gone.join(' or ')})::int4
from dead_letter d where ${RELEASABLE} and ${SELECTED} group by d.topic, d.partition order by d.topic, d.partition`,
  };
}

/** The first $8 of them, in the order in which they are released; the last columns say whether a later letter stands for it, if its messages carry their record's current state, and whether it is a deletion. */
export const FIRST_OF_PLAN: NamedStatement = {
  name: UNNAMED,
  text: `select d.id, d.kind, d.record_id, d.version, d.topic, d.partition, ${STOOD_FOR}, d.op = 'delete' from dead_letter d where ${RELEASABLE} and ${SELECTED} order by d.id limit $8`,
};

/** Versions that records have now; those that are gone are left out. */
export function currentVersions({ table, idColumn }: StateTable): NamedStatement {
  return { name: UNNAMED, text: `select "${idColumn}", version from "${table}" where "${idColumn}" = any($1::int8[])` };
}

export const INSERT_REPLAY: NamedStatement = {
  name: 'insert-replay',
  text: `insert into replay (id, sink, filter, rate, total, requested_by) values ($1, $2, $3, $4, $5, $6)`,
};

const REPLAY = `r.id, r.sink, r.filter, r.rate, r.state, r.total, r.released, r.requested_by, r.requested_at, r.ended_at`;

/** The replay $1, and what became of what it released: delivered, superseded, dead again, on their way. */
export const READ_REPLAY: NamedStatement = {
  name: UNNAMED,
  text: `
select ${REPLAY}, l.delivered, l.superseded, l.dead, l.waiting
from replay r cross join lateral (
  select coalesce(sum(delivered), 0)::int4 as delivered, coalesce(sum(superseded), 0)::int4 as superseded, coalesce(sum(dead), 0)::int4 as dead, count(*) filter (where state = 'waiting')::int4 as waiting
  from ledger where batch_id = $1 and op = 'replay'
) l
where r.id = $1`,
};

/** Replays, newest first: $1 sinks, $2 states, $3 the id behind which to go on, $4 how many. Their ids begin with their time. */
export const LIST_REPLAYS: NamedStatement = {
  name: UNNAMED,
  text: `
select ${REPLAY} from replay r
where ($1::text[] is null or r.sink = any($1)) and ($2::text[] is null or r.state = any($2)) and ($3::uuid is null or r.id < $3)
order by r.id desc limit $4`,
};

/** Releases no more of the replay $1; no row comes back when it doesn't run. */
export const STOP_REPLAY: NamedStatement = {
  name: 'stop-replay',
  text: `update replay set state = 'stopped', ended_at = now() where id = $1 and state = 'running' returning total, released`,
};

/** Closes at most $8 of the selected that are dead, those of the lowest ids; $9 who, $10 why. Their number comes back. */
export const DISCARD_LETTERS: NamedStatement = {
  name: UNNAMED,
  text: `
with due as materialized (select d.id from dead_letter d where d.state = 'dead' and ${SELECTED} order by d.id limit $8 for update),
closed as (update dead_letter d set state = 'discarded', closed_at = now(), closed_by = $9, closed_reason = $10 from due where d.id = due.id returning 1)
select count(*)::int4 from closed`,
};
