import { SUBMIT } from '../../../shared/access/access.ts';
import { assertCertified, authenticate, authorize, type Authenticated } from '../../../shared/access/authenticate.ts';
import { rolesOf } from '../../../shared/access/api-keys.ts';
import { maySubmit } from '../../../shared/access/caller.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { NodeContext } from '../../../shared/runtime/node-context.ts';
import type { Call } from '../http/call.ts';
import type { Handler } from '../http/serve.ts';
import type { Route } from '../routes-table.ts';
import { KeysInUse } from './keys-in-use.ts';
import { KeyLimits } from './key-limits.ts';
import { isChange, isForeign, isMisled } from './same-origin.ts';
import { secretIn, type Sessions } from './sessions.ts';

/**
 * What stands between a client and every route: the handler of a route behind it is reached only by who has a right to it, within the
 * limits of the key. Who shows no key may have a session of the console.
 */
export function createDoor({ keys, metrics, settings }: Pick<NodeContext, 'keys' | 'metrics' | 'settings'>, sessions: Pick<Sessions, 'of'>): (route: Route, handler: Handler) => Handler {
  const limits = new KeyLimits(() => performance.now(), (reason) => metrics.count('gateway_refusals_total', { reason }));
  const inUse = new KeysInUse(keys);
  const whoCalls = async ({ req }: Call): Promise<Authenticated & { until?: Date }> => {
    const { headers } = req;
    const secret = headers.cookie === undefined || headers.authorization !== undefined || headers['x-api-key'] !== undefined || !keys.loaded || keys.empty ? undefined : secretIn(headers);
    const session = secret === undefined ? undefined : await sessions.of(req, secret);
    if (session === undefined) return authenticate(keys, headers);
    const { key } = session;
    return { key, caller: { client: key.client, roles: rolesOf(key.roles), kinds: key.kinds, known: true }, until: session.expiresAt };
  };
  return (route, handler) => {
    const kind = kindOf(route);
    return async (call) => {
      if (settings.tlsClientCa !== '' && route.access !== 'open') assertCertified(call.req);
      if (keys.loaded && keys.empty) refuseForeign(call);
      const { caller, key, until } = await whoCalls(call);
      authorize(route.access, caller, call.req);
      if (kind !== undefined && kind !== 'of-its-batch' && route.method !== 'GET') maySubmit(caller, kind);
      if (key !== undefined) call.onEnd(inUse.enter({ keyId: key.id, until, req: call.req }));
      const leave = key === undefined ? undefined : limits.enter(key);
      try {
        return await handler({ ...call, caller });
      } finally {
        leave?.();
      }
    };
  };
}

/** The kind that a route submits. @throws Error where a route that submits does not say so: a key that is for other kinds would pass */
function kindOf(route: Route): string | undefined {
  const kind = route.kind?.name ?? route.submits;
  if (route.access === SUBMIT && kind === undefined) throw new Error(`the route ${route.method} ${route.path} does not say what kind it submits`);
  return kind;
}

/** Where nobody needs a key, whatever page a browser of this machine shows could have it do anything. @throws ProblemError 403 `foreign-page` */
function refuseForeign({ req }: Call): void {
  if (!isMisled(req) && !(isChange(req) && isForeign(req))) return;
  throw new ProblemError({ status: 403, code: 'foreign-page', title: 'Not from another page', detail: 'A page of another origin had a browser send this. Without keys Sluice serves pages of this machine only, under localhost or its address. Nothing was done.' });
}
