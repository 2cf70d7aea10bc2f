import type { ServiceBroker } from 'moleculer';
import { isDrained, servicesOf, writersOf, type WriterNode } from '../../shared/runtime/fleet.ts';
import type { CarrierNode } from './process/processing.ts';

/** The writers, and the nodes with a batcher, that the registry knows to be alive. */
export function fleetView(broker: ServiceBroker): { writers: WriterNode[]; edges: CarrierNode[] } {
  return { writers: writersOf(broker), edges: servicesOf(broker, 'batcher').map(({ nodeID, metadata }) => ({ nodeId: nodeID, tags: metadata?.tags ?? [] })) };
}

/** Why nothing can be written while no writer takes work, and what to do about it. */
export function whyNoWriter(broker: ServiceBroker): string {
  const drained = servicesOf(broker, 'writer').map(({ nodeID }) => nodeID).filter((nodeId) => isDrained(broker, nodeId));
  if (drained.length === 0) return 'No writer has joined the fleet: nothing can be written. Start one with `sluice writer`.';
  return `Every writer was drained by an operator: nothing can be written. sluice nodes undrain ${drained.sort()[0] ?? ''}`;
}
