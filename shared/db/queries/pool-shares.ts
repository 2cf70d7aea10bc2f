import type { NamedStatement } from './flush.ts';

/** One node at a time looks and takes, for the rest of the transaction. */
export const LOCK_POOL_SHARES: NamedStatement = { name: 'lock-pool-shares', text: 'select pg_advisory_xact_lock(7588423003)' };

/** Forgets the shares of nodes that have gone silent. A lease that ends further ahead than an hour is of a clock that jumped back. */
export const FORGET_POOL_SHARES: NamedStatement = {
  name: 'forget-pool-shares',
  text: `delete from pool_share where until <= now() or until > now() + interval '1 hour'`,
};

/** All shares, those that joined first before the others: node, wanted, least, granted. */
export const POOL_SHARES: NamedStatement = {
  name: 'pool-shares',
  text: `select node, wanted, least, granted from pool_share where until > now() and until <= now() + interval '1 hour' order by joined_at, node`,
};

/** Keeps the share of the node $1: $2 wanted, $3 at least, $4 granted, for $5 ms. */
export const KEEP_POOL_SHARE: NamedStatement = {
  name: 'keep-pool-share',
  text: `
insert into pool_share (node, wanted, least, granted, until) values ($1, $2, $3, $4, now() + $5::int8 * interval '1 ms')
on conflict (node) do update set wanted = excluded.wanted, least = excluded.least, granted = excluded.granted, until = excluded.until`,
};

/** The node $1 has gone in order. */
export const LEAVE_POOL_SHARE: NamedStatement = { name: 'leave-pool-share', text: 'delete from pool_share where node = $1' };

/** max_connections, and how many of them are kept for superusers and others with a right to it. */
export const CONNECTION_LIMIT: NamedStatement = {
  name: 'connection-limit',
  text: `select current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true)::int, 0)`,
};
