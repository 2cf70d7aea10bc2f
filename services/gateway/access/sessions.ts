import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ApiKey } from '../../../shared/access/api-keys.ts';
import type { Actor } from '../../../shared/db/audit.ts';
import type { KeyRing } from '../../../shared/access/key-ring.ts';
import { CLOSE_SESSION, FIND_SESSION, OPEN_SESSION } from '../../../shared/db/queries/console-sessions.ts';
import { dateOf } from '../../../shared/db/queries/api-keys.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { isChange, isForeign, isOwnPage } from './same-origin.ts';

/** Names of the cookie; the first one a browser keeps under TLS only, for this host and no other. */
export const SECURE_COOKIE = '__Host-sluice-session';
export const PLAIN_COOKIE = 'sluice-session';
/** The header that each change of the page carries: a page of another origin can neither read nor send it. */
export const TOKEN_HEADER = 'sluice-token';

const SECRET_BYTES = 32;
const SECRET = /^[A-Za-z0-9_-]{43}$/;
/** How long a session is taken as read: as long as a revoked key may take to be heard of. */
const KEEP_MS = 2_000;
const MOST_KEPT = 1_000;

export interface Session {
  key: ApiKey;
  expiresAt: Date;
}

interface Kept {
  found: { keyId: string; expiresAt: Date; leftMs: number } | undefined;
  at: number;
}

export interface SessionTools {
  run: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;
  keys: KeyRing;
  /** Hours that a session lasts. */
  readonly hours: number;
  now: () => number;
}

/**
 * Sessions of the console. A browser holds 256 random bits in a cookie that no script can read; what is kept is their hash, and the id of
 * the key that they were given for: revoking it ends them.
 */
export class Sessions {
  readonly #tools: SessionTools;
  readonly #kept = new Map<string, Kept>();

  constructor(tools: SessionTools) {
    this.#tools = tools;
  }

  /** Opens a session for the holder of a key; the audit has it. */
  async open(key: ApiKey, requestId: string): Promise<{ secret: string; token: string; expiresAt: Date }> {
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const [row] = await this.#tools.run(OPEN_SESSION, [hashOf(secret), key.id, this.#tools.hours, key.client, requestId]);
    return { secret, token: tokenOf(secret), expiresAt: dateOf(row?.[0]) ?? new Date(0) };
  }

  /** Ends a session on every edge; others may take it for two more seconds. The audit has it. */
  async close(secret: string, by: Actor): Promise<void> {
    this.#kept.delete(placeOf(secret));
    await this.#tools.run(CLOSE_SESSION, [hashOf(secret), by.who, by.requestId]);
  }

  /**
   * The session that a request came with, or undefined where its cookie is worth nothing, or nothing here: what another page had the
   * browser send counts as sent without it.
   * @throws ProblemError 403 `not-from-the-console` for a change without the page's token
   */
  async of(req: Pick<IncomingMessage, 'headers' | 'method'>, secret: string): Promise<Session | undefined> {
    if (isForeign(req)) return undefined;
    const found = await this.#find(secret);
    if (found === undefined) return undefined;
    const known = this.#tools.keys.byId(found.keyId);
    if ('fault' in known) return undefined;
    if (isChange(req) && !(isOwnPage(req) && isToken(req.headers[TOKEN_HEADER], secret))) {
      throw new ProblemError({ status: 403, code: 'not-from-the-console', title: 'Not from the console', detail: 'A change under a session must come from the console\'s own page, with its token. Nothing was done.' });
    }
    return { key: known.key, expiresAt: found.expiresAt };
  }

  async #find(secret: string): Promise<Kept['found']> {
    const { now, run } = this.#tools;
    const place = placeOf(secret);
    const kept = this.#kept.get(place);
    if (kept !== undefined && now() - kept.at < Math.min(KEEP_MS, kept.found?.leftMs ?? KEEP_MS)) return kept.found;
    const [row] = await run(FIND_SESSION, [hashOf(secret)]);
    const found = row === undefined ? undefined : { keyId: row[0] as string, expiresAt: dateOf(row[1]) ?? new Date(0), leftMs: Number(row[2]) };
    this.#kept.delete(place);
    this.#kept.set(place, { found, at: now() });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST_KEPT) break;
      this.#kept.delete(oldest);
    }
    return found;
  }
}

/** What a request's cookie holds for us; undefined where that is nothing, or no secret of ours. */
export function secretIn({ cookie }: IncomingMessage['headers']): string | undefined {
  if (cookie === undefined) return undefined;
  const given = new Map(cookie.split(';').map((part): [string, string] => [part.slice(0, part.indexOf('=')).trim(), part.slice(part.indexOf('=') + 1).trim()]));
  const secret = given.get(SECURE_COOKIE) ?? given.get(PLAIN_COOKIE);
  return secret !== undefined && SECRET.test(secret) ? secret : undefined;
}

/** The Set-Cookie of a session, or, with an empty secret, of its end. */
export function cookieFor(secret: string, { secure, seconds }: { secure: boolean; seconds: number }): string {
  return `${secure ? SECURE_COOKIE : PLAIN_COOKIE}=${secret}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}

/** The token that the page of a session sends: made of the secret, which cannot be made of it. */
export function tokenOf(secret: string): string {
  return createHash('sha256').update(`token ${secret}`).digest('base64url');
}

function isToken(given: string | string[] | undefined, secret: string): boolean {
  return typeof given === 'string' && timingSafeEqual(createHash('sha256').update(given).digest(), createHash('sha256').update(tokenOf(secret)).digest());
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function placeOf(secret: string): string {
  return hashOf(secret).toString('base64');
}
