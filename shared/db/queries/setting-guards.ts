import type { NamedStatement } from './flush.ts';

/** Guards the change $1 of the setting $2 for $3 ms, with the baseline $4 and the progress $5 so far. */
export const OPEN_GUARD: NamedStatement = {
  name: 'open-guard',
  text: `insert into setting_guard (change_id, name, until, before, progress) values ($1, $2, now() + $3 * interval '1 ms', $4, $5) returning until`,
};

/** The guard that watches, if one does: change, setting, ms since the change, whether its time is over, baseline, progress. */
export const WATCHING_GUARD: NamedStatement = {
  name: 'watching-guard',
  text: `select change_id, name, extract(epoch from now() - at) * 1000, until <= now(), before, progress from setting_guard where outcome is null`,
};

/** Notes how far the guard of the change $1 has got: $2. */
export const KEEP_PROGRESS: NamedStatement = { name: 'keep-progress', text: 'update setting_guard set progress = $2 where change_id = $1 and outcome is null' };

/** Ends the guard of the change $1 with the outcome $2 because of $3, its progress being $4. No row: it has ended already. */
export const END_GUARD: NamedStatement = {
  name: 'end-guard',
  text: 'update setting_guard set outcome = $2, reason = $3, progress = $4, ended_at = now() where change_id = $1 and outcome is null returning change_id',
};

/** Ends the guard of the setting $1, if one watches: the change $2 took its place. */
export const SUPERSEDE_GUARD: NamedStatement = {
  name: 'supersede-guard',
  text: `update setting_guard set outcome = 'changed-again', reason = 'change ' || $2::int8 || ' took its place', ended_at = now() where name = $1 and outcome is null`,
};
