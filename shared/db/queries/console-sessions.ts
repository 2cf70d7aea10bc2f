import type { NamedStatement } from './flush.ts';

/** Keeps a session: $1 hash, $2 key, $3 hours that it lasts; forgets some that are over. Answers when it ends. */
export const OPEN_SESSION: NamedStatement = {
  name: 'open-console-session',
  text: `
with over as (delete from console_session where hash in (select hash from console_session where expires_at <= now() order by expires_at limit 100))
insert into console_session (hash, key_id, expires_at) values ($1, $2, now() + $3::float8 * interval '1 hour') returning expires_at`,
};

/** The key of the session with the hash $1, and when it ends; nothing where there is none any more. */
export const FIND_SESSION: NamedStatement = {
  name: 'find-console-session',
  text: 'select key_id, expires_at, extract(epoch from expires_at - now()) * 1000 from console_session where hash = $1 and expires_at > now()',
};

/** Ends the session with the hash $1. */
export const CLOSE_SESSION: NamedStatement = {
  name: 'close-console-session',
  text: 'delete from console_session where hash = $1',
};
