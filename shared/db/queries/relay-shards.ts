import type { NamedStatement } from './flush.ts';

/**
 * Ownership of shards by lease and epoch. All times are the database's. A lease that lies further ahead than its longest
 * legal length ($n ms) counts as due, so that a clock that jumped back can't keep a shard for ever.
 */

/** Makes the rows of a sink's shards, 0 to $2 - 1, where they are missing. */
export const SEED_SHARDS: NamedStatement = {
  name: 'relay-seed-shards',
  text: `insert into relay_shard (sink, shard) select $1, shard from generate_series(0, $2::int - 1) as shard on conflict do nothing`,
};

/** Says that the relay $2 lives, forgets the long dead, and counts the living of the sink, this one included. */
export const RENEW_MEMBER: NamedStatement = {
  name: 'relay-renew-member',
  text: `
with me as (
  insert into relay_member (sink, node, until) values ($1, $2, now() + $3 * interval '1 ms')
  on conflict (sink, node) do update set until = excluded.until
),
dead as (delete from relay_member where until < now() - interval '1 hour')
select 1 + count(*)::int from relay_member where sink = $1 and node <> $2 and until > now() and until <= now() + $3 * interval '1 ms'`,
};

export const REMOVE_MEMBER: NamedStatement = { name: 'relay-remove-member', text: `delete from relay_member where sink = $1 and node = $2` };

/** Shards that nobody owns any more. */
export const FREE_SHARDS: NamedStatement = {
  name: 'relay-free-shards',
  text: `select shard from relay_shard where sink = $1 and (owner is null or until <= now() or until > now() + $2 * interval '1 ms') order by shard`,
};

/** Renews those of the shards $3 that are still held with the epochs $4; the others are lost. */
export const RENEW_SHARDS: NamedStatement = {
  name: 'relay-renew-shards',
  text: `
update relay_shard r set until = now() + $5 * interval '1 ms'
from unnest($3::int2[], $4::int8[]) as m(shard, epoch)
where r.sink = $1 and r.owner = $2 and r.shard = m.shard and r.epoch = m.epoch
returning r.shard`,
};

/**
 * Takes shards that are free, each with a new epoch. Says of each whether the owner before gave it back: then nothing of
 * it can be under way any more.
 */
export const TAKE_SHARDS: NamedStatement = {
  name: 'relay-take-shards',
  text: `
update relay_shard r set owner = $2, epoch = r.epoch + 1, until = now() + $4 * interval '1 ms'
where r.sink = $1 and r.shard = any($3::int2[]) and (r.owner is null or r.until <= now() or r.until > now() + $4 * interval '1 ms')
returning r.shard, r.epoch, old.owner is null`,
};

/** Gives shards back. Those that are not $5 clean keep their owner's name, so that the next one waits for what may be under way. */
export const RELEASE_SHARDS: NamedStatement = {
  name: 'relay-release-shards',
  text: `
update relay_shard r set owner = case when m.clean then null else r.owner end, until = '-infinity'
from unnest($3::int2[], $4::int8[], $5::boolean[]) as m(shard, epoch, clean)
where r.sink = $1 and r.owner = $2 and r.shard = m.shard and r.epoch = m.epoch`,
};
