import type { ServiceBroker } from 'moleculer';
import { servicesOf, writersOf, type WriterNode } from '../../shared/runtime/fleet.ts';
import type { CarrierNode } from './process/processing.ts';

/** The writers, and the nodes with a batcher, that the registry knows to be alive. */
export function fleetView(broker: ServiceBroker): { writers: WriterNode[]; edges: CarrierNode[] } {
  return { writers: writersOf(broker), edges: servicesOf(broker, 'batcher').map(({ nodeID, metadata }) => ({ nodeId: nodeID, tags: metadata?.tags ?? [] })) };
}
