import type { ServiceBroker } from 'moleculer';
import type { NodeMetadata } from '../../shared/runtime/metrics-address.ts';

/** A node as the registry keeps it; one that is gone stays there for some minutes. */
export interface KnownNode {
  id: string;
  available: boolean;
  metadata?: Partial<NodeMetadata> | null;
}

/** What Prometheus reads: addresses, and labels that all their series get. */
export interface TargetGroup {
  targets: string[];
  labels: { role: string; node: string; namespace: string; __scheme__?: 'https' };
}

/**
 * Every node's metrics for Prometheus' HTTP service discovery, by name. A node that stopped in order is no target any more; one that went
 * silent stays one for as long as the registry keeps it (10 minutes): that it does not answer is how Prometheus learns of it.
 * @param lost ids of nodes that went without saying so
 */
export function metricsTargets(nodes: readonly KnownNode[], lost: ReadonlySet<string>, namespace: string): TargetGroup[] {
  return nodes
    .filter(({ id, available }) => available || lost.has(id))
    .flatMap(({ id, metadata }) => (typeof metadata?.metrics === 'string' ? [{ targets: [metadata.metrics], labels: { role: metadata.role ?? 'node', node: id, namespace, ...(metadata.tls === true ? { __scheme__: 'https' as const } : {}) } }] : []))
    .sort((a, b) => (a.labels.node < b.labels.node ? -1 : 1));
}

/** The targets as this node knows the fleet, at any moment. */
export function watchTargets(broker: ServiceBroker, namespace: string): () => TargetGroup[] {
  const { registry, localBus } = broker as unknown as { registry: { getNodeList(options: object): KnownNode[] }; localBus: { on(event: string, heard: (told: { node: { id: string }; unexpected?: boolean }) => void): void } };
  const lost = new Set<string>();
  localBus.on('$node.disconnected', ({ node, unexpected }) => void (unexpected === true && lost.add(node.id)));
  localBus.on('$node.connected', ({ node }) => void lost.delete(node.id));
  return () => {
    const nodes = registry.getNodeList({ onlyAvailable: false });
    for (const id of lost) if (!nodes.some((node) => node.id === id)) lost.delete(id);
    return metricsTargets(nodes, lost, namespace);
  };
}
