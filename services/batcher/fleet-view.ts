import type { ServiceBroker } from 'moleculer';
import type { CarrierNode } from './process/processing.ts';
import type { WriterNode } from './slots.ts';

interface ListedService {
  name: string;
  nodeID: string;
  available?: boolean;
  metadata?: { slots?: number; tags?: string[] };
}

/** The writers, and the nodes with a batcher, that the registry knows to be alive. */
export function fleetView(broker: ServiceBroker): { writers: WriterNode[]; edges: CarrierNode[] } {
  const registry = (broker as unknown as { registry: { getServiceList(options: object): ListedService[] } }).registry;
  const services = registry.getServiceList({ onlyAvailable: true, skipInternal: true });
  return {
    writers: services.filter((s) => s.name === 'writer').map((s) => ({ nodeId: s.nodeID, slots: s.metadata?.slots ?? 1 })),
    edges: services.filter((s) => s.name === 'batcher').map((s) => ({ nodeId: s.nodeID, tags: s.metadata?.tags ?? [] })),
  };
}
