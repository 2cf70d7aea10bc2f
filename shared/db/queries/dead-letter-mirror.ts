import type { NamedStatement } from './flush.ts';

const UTC = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Dead letters of the sink $1 and the shards $2 that are not mirrored yet, oldest first, at most $3. */
export const UNMIRRORED_LETTERS: NamedStatement = {
  name: 'dead-letter-unmirrored',
  text: `
select id, case when op = 'event' then batch_id::text else record_id::text end, payload, headers, code, class, reason, fingerprint, attempts, ${UTC('first_failed_at')}, ${UTC('last_failed_at')}, topic, partition
from dead_letter where sink = $1 and mirrored_at is null and state = 'dead' and shard = any($2::int2[]) order by id limit $3`,
};

export const MARK_MIRRORED: NamedStatement = { name: 'dead-letter-mark-mirrored', text: `update dead_letter set mirrored_at = now() where id = any($1::int8[]) and mirrored_at is null` };

/** Dead letters of the sink $1 and the shards $2 that nobody has closed; at most $3 are counted. */
export const COUNT_OPEN_LETTERS: NamedStatement = {
  name: 'dead-letter-count-open',
  text: `select count(*)::int from (select 1 from dead_letter where sink = $1 and state in ('dead', 'replaying') and shard = any($2::int2[]) limit $3) d`,
};
