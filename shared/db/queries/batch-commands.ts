import type { NamedStatement } from './flush.ts';

/**
 * What an event from outside does to a large batch. Memory and effect are one statement, so that an event that comes again, to whichever
 * node, finds itself remembered and does nothing. Answers one row: the batch's state before, what was done (null: nothing),
 * and whether the event was known; no row where there is no such batch.
 */
function commandStatement(name: string, type: string, may: string, effect: string, change: string): NamedStatement {
  return {
    name,
    text: `
with l as (select id, state, staged from large_batch where id = $2 for no key update),
known as (select from batch_command where id = $1),
noted as (
  insert into batch_command (id, batch_id, type, effect)
  select $1, l.id, '${type}', ${effect} from l where ${may} and not exists (select from known)
  on conflict (id) do nothing returning batch_id, effect
),
changed as (update large_batch b ${change})
select l.state, (select effect from noted), exists (select from known) or (${may} and not exists (select from noted)) from l`,
  };
}

/** $1 event, $2 batch: starts it if it is READY; of one that has started it is noted. */
export const START_BY_COMMAND = commandStatement(
  'start-by-command', 'BatchInitialized',
  `(l.state in ('READY', 'RUNNING', 'PAUSED', 'COMPLETED') or (l.state = 'RECEIVING' and not l.staged))`,
  `case when l.state = 'READY' then 'started' else 'noted' end`,
  `set state = 'RUNNING', started_at = coalesce(started_at, now()), version = version + 1 from noted where b.id = noted.batch_id and noted.effect = 'started'`,
);

/** $1 event, $2 batch, $3 parallelism that is granted. */
export const ALLOCATE_BY_COMMAND = commandStatement(
  'allocate-by-command', 'ResourcesAllocated',
  `l.state in ('RECEIVING', 'READY', 'RUNNING', 'PAUSED')`,
  `'parallelism ' || $3::int4`,
  `set parallelism = $3::int4, version = version + case when parallelism <> $3::int4 then 1 else 0 end from noted where b.id = noted.batch_id`,
);

/** Forgets commands that came more than $1 hours ago, a lot at a time. */
export const FORGET_COMMANDS: NamedStatement = {
  name: 'forget-commands',
  text: `delete from batch_command c using (select id from batch_command where at < now() - $1 * interval '1 hour' order by at limit 5000) old where c.id = old.id returning 1`,
};
