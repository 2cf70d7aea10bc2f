import { ProblemError } from '../../../shared/errors/problem.ts';
import type { KeyRing } from '../../../shared/access/key-ring.ts';
import { ROLES } from '../../../shared/access/api-keys.ts';
import { isForeign, isSecure } from '../access/same-origin.ts';
import { cookieFor, secretIn, tokenOf, type Sessions } from '../access/sessions.ts';
import { bodyFormat } from '../body/content-type.ts';
import { parseSingle } from '../body/parse-json.ts';
import { readBody } from '../body/read-body.ts';
import type { Answer, Call } from '../http/call.ts';
import type { Handler } from '../http/serve.ts';
import { noSuchRoute } from '../http/unknown-route.ts';
import type { LiveHub } from '../live/live-hub.ts';
import { CONSOLE_HEADERS } from './headers.ts';
import { pageFile } from './page-files.ts';
import type { ConsoleOperation } from './routes.ts';
import { vendorFile } from './vendor.ts';

export interface ConsoleTools {
  sessions: Sessions;
  keys: KeyRing;
  hub: LiveHub;
}

const MOST_BODY_BYTES = 4_096;

/** The handlers of the console. */
export function consoleHandlers({ sessions, keys, hub }: ConsoleTools): Record<ConsoleOperation, Handler> {
  return {
    live: () => ({ status: 200, headers: { 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' }, contentType: 'text/event-stream; charset=utf-8', body: hub.listen(), live: true }),
    'console-page': async ({ params, req }) => {
      const file = await pageFile(params.file);
      if (file === undefined) throw noSuchRoute();
      const headers = { ...CONSOLE_HEADERS, 'Cache-Control': 'no-cache', ETag: file.etag };
      return req.headers['if-none-match'] === file.etag ? { status: 304, headers } : { status: 200, contentType: file.contentType, headers, body: file.text };
    },
    'console-vendor': async ({ params }) => {
      const { package: name = '', version = '', file = '' } = params;
      const text = await vendorFile(name, version, file);
      if (text === undefined) throw noSuchRoute();
      return { status: 200, contentType: file.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8', headers: { ...CONSOLE_HEADERS, 'Cache-Control': 'public, max-age=31536000, immutable' }, body: text };
    },
    'console-session': ({ caller, req }) => {
      const secret = caller.known ? secretIn(req.headers) : undefined;
      if (keys.empty) return told({ keysNeeded: false, client: null, roles: [...ROLES], token: null });
      return told({ keysNeeded: true, client: caller.known ? caller.client : null, roles: [...caller.roles], token: secret === undefined ? null : tokenOf(secret) });
    },
    'console-login': async (call) => {
      if (isForeign(call.req)) throw new ProblemError({ status: 403, code: 'foreign-page', title: 'Not from another page', detail: 'Log in at the console\'s own page.' });
      const found = keys.find(await keyIn(call));
      if ('fault' in found) throw new ProblemError({ status: 401, code: 'unauthenticated', title: 'Who are you?', detail: FAULTS[found.fault] });
      const { secret, token, expiresAt } = await sessions.open(found.key, call.requestId);
      const seconds = Math.max(1, Math.floor((expiresAt.getTime() - Date.now()) / 1_000));
      return told({ keysNeeded: true, client: found.key.client, token }, { 'Set-Cookie': cookieFor(secret, { secure: isSecure(call.req), seconds }) });
    },
    'console-logout': async ({ req, caller, requestId }) => {
      const secret = secretIn(req.headers);
      if (secret !== undefined && !isForeign(req)) await sessions.close(secret, { who: caller.client, requestId });
      return { status: 204, headers: { ...CONSOLE_HEADERS, 'Set-Cookie': cookieFor('', { secure: isSecure(req), seconds: 0 }) } };
    },
  };
}

const FAULTS = {
  malformed: 'That is no key of Sluice; they look like slc_0123456789ab_...',
  unknown: 'This key is not known here.',
  revoked: 'This key was revoked.',
  expired: 'This key has expired.',
} as const;

function told(body: object, headers: Record<string, string> = {}): Answer {
  return { status: 200, headers: { ...CONSOLE_HEADERS, 'Cache-Control': 'no-store', ...headers }, body: JSON.stringify(body) };
}

async function keyIn(call: Call): Promise<string> {
  bodyFormat(call.req.headers, ['json']);
  const bytes = await readBody(call.req, { maxBytes: MOST_BODY_BYTES, deadlineAt: call.deadlineAt });
  const body: unknown = bytes.length === 0 ? {} : parseSingle(bytes);
  const key = typeof body === 'object' && body !== null ? (body as { key?: unknown }).key : undefined;
  if (typeof key === 'string' && key.length <= 500) return key;
  throw new ProblemError({ status: 400, code: 'invalid-arguments', title: 'Invalid arguments', detail: 'The body must be an object with the key as text.', errors: [{ pointer: '/key', code: 'required', message: 'must be given as text' }] });
}
