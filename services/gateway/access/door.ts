import { authenticate, authorize } from '../../../shared/access/authenticate.ts';
import { maySubmit } from '../../../shared/access/caller.ts';
import type { NodeContext } from '../../../shared/runtime/node-context.ts';
import type { Handler } from '../http/serve.ts';
import type { Route } from '../routes-table.ts';
import { KeyLimits } from './key-limits.ts';

/**
 * What stands between a client and every route: the handler of a route behind it is reached only by who has a right to it, within the
 * limits of the key.
 */
export function createDoor({ keys, metrics }: Pick<NodeContext, 'keys' | 'metrics'>): (route: Route, handler: Handler) => Handler {
  const limits = new KeyLimits(() => performance.now(), (reason) => metrics.count('gateway_refusals_total', { reason }));
  return (route, handler) => async (call) => {
    const { caller, key } = authenticate(keys, call.req.headers);
    authorize(route.access, caller, call.req);
    if (route.kind !== undefined && route.method !== 'GET') maySubmit(caller, route.kind.name);
    const leave = key === undefined ? undefined : limits.enter(key);
    try {
      return await handler({ ...call, caller });
    } finally {
      leave?.();
    }
  };
}
