import type { ServiceBroker } from 'moleculer';
import { writersOf, type WriterNode } from '../../shared/runtime/fleet.ts';
import type { CarrierNode } from './process/processing.ts';

interface ListedService {
  name: string;
  nodeID: string;
  metadata?: { tags?: string[] };
}

/** The writers, and the nodes with a batcher, that the registry knows to be alive. */
export function fleetView(broker: ServiceBroker): { writers: WriterNode[]; edges: CarrierNode[] } {
  const registry = (broker as unknown as { registry: { getServiceList(options: object): ListedService[] } }).registry;
  const services = registry.getServiceList({ onlyAvailable: true, skipInternal: true });
  return {
    writers: writersOf(broker),
    edges: services.filter((s) => s.name === 'batcher').map((s) => ({ nodeId: s.nodeID, tags: s.metadata?.tags ?? [] })),
  };
}
