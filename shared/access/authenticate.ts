import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { rolesOf } from './api-keys.ts';
import { ProblemError } from '../errors/problem.ts';
import type { Access } from './access.ts';
import { EVERYBODY, NOBODY, type Caller } from './caller.ts';
import type { Found, KeyRing } from './key-ring.ts';

/** The caller, and the key that it came with. */
export interface Authenticated {
  caller: Caller;
  key?: Extract<Found, { key: unknown }>['key'];
}

const FAULTS: Record<Extract<Found, { fault: unknown }>['fault'], string> = {
  malformed: 'What was sent is no key of Sluice; they look like slc_0123456789ab_...',
  unknown: 'This key is not known here.',
  revoked: 'This key was revoked.',
  expired: 'This key has expired.',
};

/**
 * Who calls. A key that is sent must be a good one, also where none is needed: who sends an old one should hear of it.
 * @throws ProblemError 401 `unauthenticated`; 503 while the keys could not be read yet
 */
export function authenticate(ring: KeyRing, headers: IncomingHttpHeaders): Authenticated {
  if (!ring.loaded) throw new ProblemError({ status: 503, code: 'unavailable', title: 'Unavailable', detail: 'The keys could not be read from the database yet. Try again in a moment.', headers: { 'Retry-After': '1' } });
  if (ring.empty) return { caller: EVERYBODY };
  const text = keyText(headers);
  if (text === undefined) return { caller: NOBODY };
  const found = ring.find(text);
  if ('fault' in found) throw unauthenticated(FAULTS[found.fault]);
  const { key } = found;
  return { key, caller: { client: key.client, roles: rolesOf(key.roles), kinds: key.kinds, known: true } };
}

/**
 * Whether the caller may use a route.
 * @throws ProblemError 401 without a key; 403 `forbidden` with one that lacks the role
 */
export function authorize(access: Access, caller: Caller, req: Pick<IncomingMessage, 'socket'>): void {
  if (access === 'open' || (access === 'local' && isLoopback(req.socket.remoteAddress))) return;
  const roles = access === 'local' ? (['read'] as const) : access;
  if (roles.some((role) => caller.roles.has(role))) return;
  if (!caller.known) throw unauthenticated('This needs a key: send it as Authorization: Bearer, or X-Api-Key.');
  throw new ProblemError({ status: 403, code: 'forbidden', title: 'Not with this key', detail: `This needs a key with the role ${roles.join(' or ')}; this one has ${[...caller.roles].join(', ')}. Nothing was done.` });
}

/** @throws ProblemError 401 `no-certificate` where the caller showed no certificate that TLS_CLIENT_CA has signed */
export function assertCertified({ socket }: Pick<IncomingMessage, 'socket'>): void {
  if ((socket as TLSSocket).authorized === true) return;
  throw new ProblemError({ status: 401, code: 'no-certificate', title: 'Who are you?', detail: 'This needs a certificate of the client, signed by whom this Sluice was told. Nothing was done.', headers: { 'WWW-Authenticate': 'Bearer realm="sluice"' } });
}

/** Whether the caller may see what is told to those with the role `read`, or to whoever is on this machine. */
export function mayRead({ caller, req }: { caller: Caller; req: Pick<IncomingMessage, 'socket'> }): boolean {
  return caller.roles.has('read') || isLoopback(req.socket.remoteAddress);
}

/** Whether an address is this machine's own. What a proxy says of others is not heeded: anyone can set a header. */
export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || /^(::ffff:)?127\./.test(address));
}

/** @throws ProblemError 401 where both headers are sent, or another scheme */
function keyText(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers;
  const own = headers['x-api-key'];
  if (authorization === undefined) return Array.isArray(own) ? own.join(',') : own;
  const [, token] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
  if (token === undefined) throw unauthenticated('Authorization must be "Bearer", a space, and the key.');
  if (own !== undefined && own !== token) throw unauthenticated('Authorization and X-Api-Key name different keys; send one of them.');
  return token;
}

function unauthenticated(detail: string): ProblemError {
  return new ProblemError({ status: 401, code: 'unauthenticated', title: 'Who are you?', detail: `${detail} Nothing was done.`, headers: { 'WWW-Authenticate': 'Bearer realm="sluice"' } });
}
