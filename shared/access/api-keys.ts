import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a key lets its holder do. `operate` includes `read`. */
export const ROLES = ['submit', 'read', 'operate'] as const;
export type Role = (typeof ROLES)[number];

/** A key as it is kept: never its secret. */
export interface ApiKey {
  id: string;
  /** Whose batches, idempotency keys and limits: several keys of one client share them, so that a key can be replaced by another. */
  client: string;
  /** SHA-256 of the secret. */
  hash: Buffer;
  roles: readonly Role[];
  /** Kinds that may be submitted; null: all. */
  kinds: readonly string[] | null;
  /** Most requests a second, over a second's burst; null: no limit. */
  ratePerSecond: number | null;
  /** Most requests in work at a time in one edge; null: no limit. */
  maxInFlight: number | null;
  expiresAt: Date | null;
  revokedAt: Date | null;
}

export const CLIENT_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

const TEXT = /^slc_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;
const ID_BYTES = 6;
const SECRET_BYTES = 32;

/**
 * A new key: `text` is what its holder gets, once; `id` and `hash` are what is kept. A plain hash is enough, for the secret
 * is 256 random bits: nothing can be guessed that a slow one would protect.
 */
export function newKey(): { text: string; id: string; hash: Buffer } {
  const id = randomBytes(ID_BYTES).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { text: `slc_${id}_${secret}`, id, hash: hashOf(secret) };
}

/** The parts of a key's text, or undefined where it is none. */
export function readKey(text: string): { id: string; secret: string } | undefined {
  const [, id, secret] = TEXT.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** Whether a secret is that of a key; takes as long for a wrong one as for the right one. */
export function isSecretOf(key: Pick<ApiKey, 'hash'>, secret: string): boolean {
  return timingSafeEqual(hashOf(secret), key.hash);
}

/** Why a key is not valid at an instant; undefined where it is. */
export function invalidity({ revokedAt, expiresAt }: Pick<ApiKey, 'revokedAt' | 'expiresAt'>, at: Date): 'revoked' | 'expired' | undefined {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= at ? 'expired' : undefined;
}

/** The roles that a key has, with those that they include. */
export function rolesOf(roles: readonly Role[]): ReadonlySet<Role> {
  return new Set(roles.includes('operate') ? [...roles, 'read'] : roles);
}

/** What is kept of a secret. */
export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
