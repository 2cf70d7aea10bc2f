import type { ServiceFactory } from '../../shared/runtime/node.ts';

/** Services by name, loaded only where they run. */
const SERVICES: Record<string, () => Promise<ServiceFactory>> = {
  gateway: async () => (await import('../../services/gateway/gateway.service.ts')).createGateway,
  batcher: async () => (await import('../../services/batcher/batcher.service.ts')).createBatcher,
  writer: async () => (await import('../../services/writer/writer.service.ts')).createWriter,
  publisher: async () => (await import('../../services/publisher/publisher.service.ts')).createPublisher,
  'pool-monitor': async () => (await import('../../services/pool-monitor/pool-monitor.service.ts')).createPoolMonitor,
};

/** The usual roles, and the services each runs. */
export const ROLES = {
  edge: ['batcher', 'gateway'],
  writer: ['writer'],
  relay: ['publisher', 'pool-monitor'],
} as const satisfies Record<string, readonly string[]>;
export type Role = keyof typeof ROLES;

/** Names of all services a node can run. */
export const SERVICE_NAMES: readonly string[] = Object.keys(SERVICES);

/**
 * Loads the factories of these services.
 * @throws Error for a name that is no service
 */
export async function loadServices(names: readonly string[]): Promise<Record<string, ServiceFactory>> {
  const factories: Record<string, ServiceFactory> = {};
  for (const name of names) {
    const load = SERVICES[name];
    if (load === undefined) throw new Error(`"${name}" is no service; there are ${SERVICE_NAMES.join(', ')}`);
    factories[name] = await load();
  }
  return factories;
}
