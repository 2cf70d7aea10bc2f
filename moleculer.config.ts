import type { BrokerOptions } from 'moleculer';
import type { Settings } from './shared/config/settings.ts';
import { natsOptions } from './shared/secure/nats-options.ts';
import { forgetLostCalls } from './shared/runtime/lost-calls.ts';
import { NatsTransporter } from './shared/runtime/nats-transporter.ts';

/** A node is gone when it was silent for this many heartbeats. */
const SILENT_HEARTBEATS = 4;
/** A connection to NATS that breaks while it is being made is only noticed by this limit: NATS' own of 20 s left nodes away for so long after an unsteady moment. */
const NATS_CONNECT_MS = 6_000;

/**
 * The broker of every node. Calls have a time limit, whatever the caller forgot; a stopping node finishes its work first;
 * the broker's own retry stays off, because what may be tried again is decided where the reason is known.
 */
export function brokerOptions(settings: Settings, nodeId: string): BrokerOptions {
  return {
    namespace: settings.namespace,
    nodeID: nodeId,
    // A user that NATS refuses for a while, as when its credentials are replaced, is let in again without a restart: hence ignoreAuthErrorAbort.
    transporter: settings.natsUrl === '' ? null : new NatsTransporter({ url: settings.natsUrl, ...natsOptions(settings), maxReconnectAttempts: -1, ignoreAuthErrorAbort: true, reconnectTimeWait: 250, timeout: NATS_CONNECT_MS, pingInterval: 5_000, maxPingOut: 2 }),
    serializer: 'JSON',
    requestTimeout: settings.requestDeadline,
    heartbeatInterval: settings.heartbeat,
    heartbeatTimeout: settings.heartbeat * SILENT_HEARTBEATS,
    middlewares: [forgetLostCalls()],
    tracking: { enabled: true, shutdownTimeout: settings.drainTimeout },
    retryPolicy: { enabled: false },
    circuitBreaker: { enabled: false },
    metrics: { enabled: false },
    // A node decides itself how it stops (bin/node/until-stopped.ts): the broker's own listeners would end the process in the midst of it.
    skipProcessEventRegistration: true,
    logger: false,
    // Not among them: the broker's own options, which hold how NATS is reached.
    internalServices: { $node: { name: '$node', actions: { options: false } } },
    registry: { strategy: 'RoundRobin', preferLocal: true },
    contextParamsCloning: false,
  } as BrokerOptions;
}
