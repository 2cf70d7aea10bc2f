import type { NamedStatement } from './flush.ts';

/**
 * Keeps a session, with its line in the audit: $1 hash, $2 key, $3 hours that it lasts, $4 who, $5 request id; forgets some that are over.
 * Answers when it ends.
 */
export const OPEN_SESSION: NamedStatement = {
  name: 'open-console-session',
  text: `
with over as (delete from console_session where hash in (select hash from console_session where expires_at <= now() order by expires_at limit 100)),
told as (insert into audit (who, operation, target, outcome, request_id) values ($4, 'console.login', jsonb_build_object('key', $2::text), 'done', $5))
insert into console_session (hash, key_id, expires_at) values ($1, $2, now() + $3::float8 * interval '1 hour') returning expires_at`,
};

/** The key of the session with the hash $1, and when it ends; nothing where there is none any more. */
export const FIND_SESSION: NamedStatement = {
  name: 'find-console-session',
  text: 'select key_id, expires_at, extract(epoch from expires_at - now()) * 1000 from console_session where hash = $1 and expires_at > now()',
};

/** Ends the session with the hash $1, with its line in the audit, by $2, request id $3; nothing where there is none any more. */
export const CLOSE_SESSION: NamedStatement = {
  name: 'close-console-session',
  text: `
with gone as (delete from console_session where hash = $1 returning key_id)
insert into audit (who, operation, target, outcome, request_id) select $2, 'console.logout', jsonb_build_object('key', key_id), 'done', $3 from gone`,
};
