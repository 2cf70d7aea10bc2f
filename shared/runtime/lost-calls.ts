import type { Context, Middleware, ServiceBroker } from 'moleculer';

/** After the caller was told of the timeout. */
const SLACK_MS = 500;

/** The part of Moleculer's transit that is used here. */
interface Transit {
  removePendingRequest(id: string): void;
}

/**
 * Lets go of calls to other nodes whose answer never came, as when NATS was away for a moment. Moleculer tells the caller of the
 * timeout, but keeps the call in its lists until the other node goes: its parameters stay in memory, and a stopping node
 * would wait for it until its drain's limit.
 */
export function forgetLostCalls(): Middleware {
  let broker: ServiceBroker | undefined;
  return {
    name: 'ForgetLostCalls',
    created(its: ServiceBroker) {
      broker = its;
    },
    remoteAction(next: (ctx: Context) => Promise<unknown>) {
      return (ctx: Context) => {
        const { timeout } = ctx.options as { timeout?: number };
        if (timeout === undefined || timeout <= 0) return next(ctx);
        return new Promise((resolve, reject) => {
          const timer = setTimeout(() => {
            (broker as unknown as { transit?: Transit } | undefined)?.transit?.removePendingRequest(ctx.id);
            reject(new Error('No answer came; the caller was told before.'));
          }, timeout + SLACK_MS);
          next(ctx).then(resolve, reject).finally(() => clearTimeout(timer));
        });
      };
    },
  } as Middleware;
}
