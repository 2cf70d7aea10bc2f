import type { NamedStatement } from './flush.ts';

/** What was changed and holds now: name, value, change, at, who. */
export const LIVE_SETTINGS: NamedStatement = {
  name: 'live-settings',
  text: 'select s.name, s.value, s.change_id, c.at, c.who from live_setting s join setting_change c on c.id = s.change_id',
};

/** One change of settings at a time, for the rest of the transaction. */
export const LOCK_SETTINGS: NamedStatement = { name: 'lock-settings', text: 'select pg_advisory_xact_lock(7588423002)' };

/** Notes the change of the setting $1 to $2 (null: what the environment says), by $3, with the request $4, because of $5, taking back the change $6. Answers its number, and the value before. */
export const CHANGE_SETTING: NamedStatement = {
  name: 'change-setting',
  text: `
insert into setting_change (name, before, after, who, request_id, why, reverts)
select $1, (select value from live_setting where name = $1), $2, $3, $4, $5, $6 returning id, before`,
};

/** Lets the value $2 of the setting $1 hold, by the change $3. */
export const KEEP_SETTING: NamedStatement = {
  name: 'keep-setting',
  text: 'insert into live_setting (name, value, change_id) values ($1, $2, $3) on conflict (name) do update set value = excluded.value, change_id = excluded.change_id',
};

/** Lets what the environment says of the setting $1 hold again. */
export const FORGET_SETTING: NamedStatement = { name: 'forget-setting', text: 'delete from live_setting where name = $1' };

/** The $2 newest changes, of the setting $1 where it is not null: id, name, before, after, who, why, at, reverts, which took it back, and its guard as JSON. */
export const SETTING_CHANGES: NamedStatement = {
  name: 'setting-changes',
  text: `
select c.id, c.name, c.before, c.after, c.who, c.why, c.at, c.reverts, (select r.id from setting_change r where r.reverts = c.id limit 1),
  (select jsonb_build_object('until', g.until, 'outcome', g.outcome, 'reason', g.reason, 'before', g.before, 'after', g.progress) from setting_guard g where g.change_id = c.id)
from setting_change c where $1::text is null or c.name = $1 order by c.id desc limit $2`,
};

/** The change $1: name, before, after, and whether it is the newest of its setting. */
export const SETTING_CHANGE: NamedStatement = {
  name: 'setting-change',
  text: 'select c.name, c.before, c.after, not exists (select from setting_change n where n.name = c.name and n.id > c.id) from setting_change c where c.id = $1',
};
