import type { ServiceBroker } from 'moleculer';
import type { Actions } from '../contracts/actions.ts';

/** A service of a node, with what the node told of it. */
interface ListedService {
  name: string;
  nodeID: string;
  metadata?: { slots?: number; most?: number; tags?: string[] };
}

/** A writer as the registry knows it. */
export interface WriterNode {
  nodeId: string;
  /** Flushes it runs at the same time, where no limiter says otherwise. */
  slots: number;
  /** Most that it runs at the same time, whatever a limiter says. */
  most: number;
}

/** The nodes that run a service, as the registry knows them to be alive. */
export function nodesWith(broker: ServiceBroker, service: string): string[] {
  return servicesOf(broker, service).map((s) => s.nodeID);
}

/** The one of them that does what one node does for all: the first by name. Two may think so for a moment, while nodes come and go. */
export function firstWith(broker: ServiceBroker, service: string): string | undefined {
  return nodesWith(broker, service).sort()[0];
}

/** The writers, as the registry knows them to be alive. */
export function writersOf(broker: ServiceBroker): WriterNode[] {
  return servicesOf(broker, 'writer').map(({ nodeID, metadata }) => ({ nodeId: nodeID, slots: metadata?.slots ?? 1, most: metadata?.most ?? metadata?.slots ?? 1 }));
}

/** The nodes' services of this name, as the registry knows them to be alive. */
export function servicesOf(broker: ServiceBroker, service: string): ListedService[] {
  const registry = (broker as unknown as { registry: { getServiceList(options: object): ListedService[] } }).registry;
  return registry.getServiceList({ onlyAvailable: true, skipInternal: true }).filter((s) => s.name === service);
}

/** Asks every node the same; a node that doesn't answer in time is left out and named. */
export async function askAll<A extends 'node.health' | 'node.pool' | 'node.about' | 'node.flow' | 'node.answered'>(broker: ServiceBroker, action: A, timeoutMs: number): Promise<{ answers: Actions[A]['result'][]; silent: string[] }> {
  const nodes = nodesWith(broker, 'node');
  const settled = await Promise.allSettled(nodes.map((nodeID) => broker.call<Actions[A]['result'], Record<string, never>>(action, {}, { nodeID, timeout: timeoutMs })));
  return {
    answers: settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    silent: nodes.filter((_, i) => settled[i]?.status === 'rejected'),
  };
}
