import type { ServiceBroker } from 'moleculer';
import type { NodeHealth } from '../../../shared/contracts/actions.ts';
import { askAll } from '../../../shared/runtime/fleet.ts';
import type { RelayStatus, RelayView } from './why-waiting.ts';

const ASK_MS = 1_000;
const KEEP_MS = 2_000;

/** Asks the relays how their sinks are; kept for two seconds, so that many receipts cost one question. Never rejects. */
export function relayViews(broker: ServiceBroker, now: () => number): () => Promise<RelayView> {
  let kept: Promise<RelayView> | undefined;
  let askedAt = 0;
  return () => {
    if (kept === undefined || now() - askedAt > KEEP_MS) {
      askedAt = now();
      kept = askAll(broker, 'node.health', ASK_MS).then(({ answers }) => viewOf(answers));
    }
    return kept;
  };
}

/** What nodes say of their sinks, under `delivery` (publisher.service.ts). */
export function viewOf(nodes: readonly NodeHealth[]): RelayView {
  return new Map(nodes.flatMap(({ node, parts }) => {
    const sinks = parts.delivery?.figures as Record<string, { why?: string; figures?: { restingPartitions?: number[] } }> | undefined;
    if (sinks === undefined) return [];
    const statuses = Object.entries(sinks).map(([sink, { why, figures }]): [string, RelayStatus] => [sink, { why, restingPartitions: figures?.restingPartitions ?? [] }]);
    return [[node, new Map(statuses)] as const];
  }));
}
