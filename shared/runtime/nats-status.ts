import type { EventEmitter } from 'node:events';
import type { ServiceBroker } from 'moleculer';
import type { Logger } from 'pino';

/** The parts of Moleculer's NATS transporter that are read here. */
interface NatsTransit {
  tx?: { client?: { isClosed(): boolean; protocol?: { connected?: boolean } } | null } | null;
}

/**
 * Whether the broker's NATS connection really stands at this moment. Moleculer's own `connected` stays true while the
 * client reconnects, and what is sent meanwhile is lost. True when the broker has no transporter: all is local then.
 */
export function natsIsConnected(broker: ServiceBroker): boolean {
  const transit = (broker as unknown as { transit?: NatsTransit | null }).transit;
  if (transit == null) return true;
  const client = transit.tx?.client;
  if (client == null || client.isClosed()) return false;
  return client.protocol?.connected !== false;
}

/** Says why a node that starts does not reach NATS, once for each reason: the broker tries again every 5 s, without a word. */
export function tellWhyNatsIsAway(broker: ServiceBroker, log: Logger): void {
  let said: string | undefined;
  (broker as unknown as { localBus: EventEmitter }).localBus.on('$transporter.error', ({ error }: { error: Error }) => {
    if (error.message === said) return;
    said = error.message;
    log.error({ err: error }, 'NATS cannot be reached; it is tried again every 5 s');
  });
}
