import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import type { ServiceBroker } from 'moleculer';
import type { Settings } from '../config/settings.ts';

/** What a node tells of itself in the registry, beside its services. */
export interface NodeMetadata {
  /** As it was started: `edge`, `writer`, `relay`, or `node` for another mixture of services. */
  role: string;
  /** host:port of its /metrics, as others reach it. */
  metrics?: string;
  /** There where /metrics is served over TLS. */
  tls?: true;
}

/** Addresses that mean every address of the machine: nobody elsewhere can ask there. */
const EVERY = ['0.0.0.0', '::', ''];

/** Tells the fleet, with all else that it is told of this node, where its figures are. To be called before the node is started, or while its services are. */
export function announceMetrics(broker: ServiceBroker, settings: Pick<Settings, 'host' | 'advertiseHost' | 'tlsCert'>, port: number): void {
  if (settings.tlsCert !== '') (broker.metadata as unknown as NodeMetadata).tls = true;
  (broker.metadata as unknown as NodeMetadata).metrics = metricsAddress(settings, port, networkInterfaces());
}

/** host:port under which others reach what listens on HOST: what was set, or HOST, or where that is every address of the machine the first one beyond loopback, IPv4 before IPv6. */
export function metricsAddress({ host, advertiseHost }: Pick<Settings, 'host' | 'advertiseHost'>, port: number, interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): string {
  const outer = Object.values(interfaces).flatMap((found) => found ?? []).filter(({ internal, scopeid }) => !internal && (scopeid ?? 0) === 0);
  const first = outer.find(({ family }) => family === 'IPv4') ?? outer[0];
  const told = advertiseHost !== '' ? advertiseHost : EVERY.includes(host) ? (first?.address ?? '127.0.0.1') : host;
  return `${told.includes(':') ? `[${told}]` : told}:${port}`;
}
