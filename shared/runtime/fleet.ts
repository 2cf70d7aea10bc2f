import type { ServiceBroker } from 'moleculer';
import type { Actions } from '../contracts/actions.ts';

/** A service of a node, with what the node told of it. */
interface ListedService {
  name: string;
  nodeID: string;
  metadata?: { slots?: number; most?: number; tags?: string[] };
}

/** The parts of Moleculer's registry that are used here. */
interface Registry {
  nodes: { get(nodeId: string): { metadata: Record<string, unknown> } | undefined };
  discoverer: { sendLocalNodeInfo(): Promise<void> };
  regenerateLocalRawInfo(incSeq: boolean): unknown;
  getServiceList(options: object): ListedService[];
}

const registryOf = (broker: ServiceBroker) => (broker as unknown as { registry: Registry }).registry;

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

/** The writers, as the registry knows them to be alive, without those that were drained. */
export function writersOf(broker: ServiceBroker): WriterNode[] {
  return servicesOf(broker, 'writer').filter(({ nodeID }) => !isDrained(broker, nodeID)).map(({ nodeID, metadata }) => ({ nodeId: nodeID, slots: metadata?.slots ?? 1, most: metadata?.most ?? metadata?.slots ?? 1 }));
}

/** Whether a node says that it is drained. */
export function isDrained(broker: ServiceBroker, nodeId: string): boolean {
  return registryOf(broker).nodes.get(nodeId)?.metadata.drained === true;
}

/** Tells the fleet whether this node is drained. */
export function announceDrained(broker: ServiceBroker, drained: boolean): void {
  const registry = registryOf(broker);
  const me = registry.nodes.get(broker.nodeID);
  if (me === undefined) return;
  me.metadata = { ...me.metadata, drained };
  registry.regenerateLocalRawInfo(true);
  void registry.discoverer.sendLocalNodeInfo();
}

/** The nodes' services of this name, as the registry knows them to be alive. */
export function servicesOf(broker: ServiceBroker, service: string): ListedService[] {
  return registryOf(broker).getServiceList({ onlyAvailable: true, skipInternal: true }).filter((s) => s.name === service);
}

/** Asks every node the same; a node that doesn't answer in time is left out and named. */
export async function askAll<A extends 'node.health' | 'node.pool' | 'node.about' | 'node.flow' | 'node.answered' | 'node.breakers'>(broker: ServiceBroker, action: A, timeoutMs: number): Promise<{ answers: Actions[A]['result'][]; silent: string[] }> {
  const nodes = nodesWith(broker, 'node');
  const settled = await Promise.allSettled(nodes.map((nodeID) => broker.call<Actions[A]['result'], Record<string, never>>(action, {}, { nodeID, timeout: timeoutMs })));
  return {
    answers: settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    silent: nodes.filter((_, i) => settled[i]?.status === 'rejected'),
  };
}
