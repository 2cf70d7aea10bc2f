import type { NamedStatement } from './flush.ts';

/**
 * The life of a batch row: opened, leased, renewed, taken over, settled, closed.
 * Leases are compared with the database's clock; one that lies further ahead than its longest legal length counts as
 * due, so that a clock that jumped back can't keep a batch for ever.
 */

/** Opens a batch with a lease. Harmless when it is open already from a try whose answer was lost. */
export const OPEN_BATCH: NamedStatement = {
  name: 'open-batch',
  text: `
insert into batch (id, kind, client, epoch, state, requested, received_at, lease_owner, lease_until, client_reference)
values ($1, $2, $3, 0, 'open', $4, $5, $6, now() + $7 * interval '1 ms', $8)
on conflict (id) do nothing`,
};

/** Claims an Idempotency-Key and opens its batch; no row comes back when the key is known already. */
export const CLAIM_KEY: NamedStatement = {
  name: 'claim-key',
  text: `
with claimed as (
  insert into idempotency (client, key, sha, batch_id) values ($3, $8, decode($9, 'hex'), $1)
  on conflict (client, key) do nothing returning batch_id
)
insert into batch (id, kind, client, epoch, state, requested, received_at, lease_owner, lease_until, client_reference)
select batch_id, $2, $3, 0, 'open', $4, $5, $6, now() + $7 * interval '1 ms', $10 from claimed
returning id`,
};

/** Claims an Idempotency-Key for a call whose batch row comes with its work. */
export const CLAIM_KEY_ONLY: NamedStatement = {
  name: 'claim-key-only',
  text: `insert into idempotency (client, key, sha, batch_id) values ($1, $2, decode($3, 'hex'), $4) on conflict (client, key) do nothing returning batch_id`,
};

/** What is known of a key: same body or not, its batch, and whether that batch's lease is over. */
export const READ_KEY: NamedStatement = {
  name: 'read-key',
  text: `
select i.sha = decode($3, 'hex') as same, i.batch_id, b.state, b.epoch, b.requested, b.received_at,
       b.lease_until is null or b.lease_until <= now() or b.lease_until > now() + $4 * interval '1 ms' as due
from idempotency i left join batch b on b.id = i.batch_id
where i.client = $1 and i.key = $2`,
};

/** Forgets a key whose batch did nothing, so that it can be used again. */
export const RELEASE_KEY: NamedStatement = {
  name: 'release-key',
  text: `delete from idempotency where client = $1 and key = $2 and batch_id = $3`,
};

/** Takes a batch over from an edge that went silent: lease to avoid waste, epoch + 1 to be right. */
export const TAKE_OVER: NamedStatement = {
  name: 'take-over-batch',
  text: `
update batch set epoch = epoch + 1, lease_owner = $3, lease_until = now() + $4 * interval '1 ms'
where id = $1 and epoch = $2 and state = 'open'
returning epoch`,
};

/** Closes a batch whose every slice is known to be in the ledger. */
export const CLOSE_BATCH: NamedStatement = {
  name: 'close-batch',
  text: `update batch set state = 'closed', closed_at = now(), lease_owner = null, lease_until = null where id = $1 and epoch = $2 and state = 'open'`,
};

/**
 * Settles: after this no attempt can write anything for the batch any more. It waits for running flushes, which hold
 * the row FOR SHARE (or are inserting it), at most lock_timeout.
 */
export const SETTLE_BATCH: NamedStatement = {
  name: 'settle-batch',
  text: `
insert into batch (id, kind, client, epoch, state, requested, received_at, closed_at, client_reference)
values ($1, $2, $3, 1, 'closed', $4, $5, now(), $6)
on conflict (id) do update set epoch = batch.epoch + 1, state = 'closed', closed_at = coalesce(batch.closed_at, now()), lease_owner = null, lease_until = null`,
};

/** Renews the leases of the batches that an edge has in work; one it has left, or never knew it had opened, runs out. */
export const RENEW_LEASES: NamedStatement = {
  name: 'renew-leases',
  text: `update batch set lease_until = now() + $2 * interval '1 ms' where id = any($3::uuid[]) and lease_owner = $1 and state = 'open'`,
};

/** Batches that nobody works on any more. */
export const FIND_ORPHANS: NamedStatement = {
  name: 'find-orphans',
  text: `
select id from batch
where state = 'open' and not large and (lease_until is null or lease_until <= now() or lease_until > now() + $1 * interval '1 ms')
order by lease_until limit 100`,
};

/** Settles one orphan, unless its owner came back meanwhile. */
export const SETTLE_ORPHAN: NamedStatement = {
  name: 'settle-orphan',
  text: `
update batch set epoch = epoch + 1, state = 'closed', closed_at = now(), lease_owner = null, lease_until = null
where id = $1 and state = 'open' and (lease_until is null or lease_until <= now() or lease_until > now() + $2 * interval '1 ms')`,
};

/** All that the ledger holds of a batch's inserts, one row a slice. */
export const READ_SLICES: NamedStatement = {
  name: 'read-slices',
  text: `
select distinct on (first_index) first_index, span, first_id, rejects, written
from ledger where batch_id = $1 and op = 'insert' order by first_index, sink`,
};

/** Reserves blocks of ids: the number of the first. */
export const RESERVE_BLOCKS: NamedStatement = {
  name: 'reserve-id-blocks',
  text: `
insert into id_block (kind, next_block) values ($1, $2)
on conflict (kind) do update set next_block = id_block.next_block + $2
returning next_block - $2 as first`,
};

/** The same, past everything that the table holds. */
export function reserveBlocksBeyond(table: string, idColumn: string): NamedStatement {
  return {
    name: `reserve-id-blocks-beyond-${table}`,
    text: `
insert into id_block (kind, next_block) values ($1, $2 + (select coalesce(max("${idColumn}") / 1024 + 1, 0) from "${table}"))
on conflict (kind) do update set next_block = greatest(id_block.next_block, (select coalesce(max("${idColumn}") / 1024 + 1, 0) from "${table}")) + $2
returning next_block - $2 as first`,
  };
}

/** Forgets keys older than their time, a small lot at a time. */
export const FORGET_KEYS: NamedStatement = {
  name: 'forget-keys',
  text: `
delete from idempotency i using (select client, key from idempotency where at < now() - $1 * interval '1 hour' order by at limit 1000) old
where i.client = old.client and i.key = old.key returning 1`,
};
