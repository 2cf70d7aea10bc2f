import type { ServiceBroker } from 'moleculer';

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
