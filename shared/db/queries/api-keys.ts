import type { ApiKey, Role } from '../../access/api-keys.ts';
import { toIso } from '../../records/wire.ts';
import type { NamedStatement } from './flush.ts';

/** Every key that ever was, newest first, and the database's time: id, client, hash, roles, kinds, rate, in flight, expires, revoked, created, by, now. */
export const LIST_API_KEYS: NamedStatement = {
  name: 'list-api-keys',
  text: `
select id, client, hash, roles, kinds, rate_per_second, max_in_flight, expires_at, revoked_at, created_at, created_by, now()
from api_key order by created_at desc, id`,
};

/** Keeps a new key: $1 id, $2 client, $3 hash, $4 roles, $5 kinds, $6 rate, $7 in flight, $8 days until it expires, $9 by whom. */
export const CREATE_API_KEY: NamedStatement = {
  name: 'create-api-key',
  text: `
insert into api_key (id, client, hash, roles, kinds, rate_per_second, max_in_flight, expires_at, created_by)
values ($1, $2, $3, $4, $5, $6, $7, now() + $8::float8 * interval '1 day', $9) returning expires_at`,
};

/** Revokes the key $1, by $2; answers its client, and whether it was in use until now. */
export const REVOKE_API_KEY: NamedStatement = {
  name: 'revoke-api-key',
  text: `
with old as (select id, client, revoked_at is null as valid from api_key where id = $1 for update),
gone as (update api_key k set revoked_at = now(), revoked_by = $2 from old where k.id = old.id and old.valid)
select client, valid from old`,
};

/** Locks the key $1 until the end of the transaction: client, whether it is not revoked, rate, in flight. */
export const LOCK_API_KEY: NamedStatement = {
  name: 'lock-api-key',
  text: 'select client, revoked_at is null, rate_per_second, max_in_flight from api_key where id = $1 for update',
};

/** Gives the key $1 the limits $2 (requests a second) and $3 (in flight); null: none. */
export const LIMIT_API_KEY: NamedStatement = {
  name: 'limit-api-key',
  text: 'update api_key set rate_per_second = $2, max_in_flight = $3 where id = $1',
};

/** A key as it is listed. */
export interface ListedKey extends ApiKey {
  createdAt: Date;
  createdBy: string;
}

/** A row of the list. */
export function listedKey(row: readonly unknown[]): ListedKey {
  const [id, client, hash, roles, kinds, ratePerSecond, maxInFlight, expiresAt, revokedAt, createdAt, createdBy] = row;
  return {
    id: id as string, client: client as string, hash: hash as Buffer, roles: roles as Role[], kinds: kinds as string[] | null,
    ratePerSecond: ratePerSecond as number | null, maxInFlight: maxInFlight as number | null,
    expiresAt: dateOf(expiresAt), revokedAt: dateOf(revokedAt), createdAt: dateOf(createdAt) ?? new Date(NaN), createdBy: createdBy as string,
  };
}

/** An instant of a row: the pools of nodes give it as text, other clients as a Date. */
export function dateOf(value: unknown): Date | null {
  return value === null || value === undefined ? null : new Date(toIso(value));
}
