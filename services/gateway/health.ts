import type { ServiceBroker } from 'moleculer';
import { ROLE_SERVICES } from '../../shared/contracts/roles.ts';
import { askAll } from '../../shared/runtime/fleet.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import type { Answer } from './http/call.ts';

const ASK_MS = 1_500;

/**
 * Whether the system can take records in: what this node depends on, and every role of the fleet. Without a relay, or
 * with Kafka away, it still can: delivery is reported as waiting then, and catches up by itself.
 * @param details whether the caller may know more than whether
 */
export async function readiness(node: NodeContext, broker: ServiceBroker, details: boolean): Promise<Answer> {
  const [own, { answers, silent }] = await Promise.all([node.health.read(), askAll(broker, 'node.health', ASK_MS)]);
  const roles: Record<string, { status: string; nodes: number; why?: string }> = {};
  for (const [role, { service, missing }] of Object.entries(ROLE_SERVICES)) {
    const nodes = answers.filter((a) => a.services.includes(service)).length;
    roles[role] = nodes > 0 ? { status: 'up', nodes } : { status: role === 'relay' ? 'waiting' : 'down', nodes, why: missing };
  }
  const delivery = answers.map((a) => a.parts.delivery).filter((part) => part !== undefined);
  const waiting = delivery.find((part) => part.status !== 'up');
  const ready = own.ready && roles.writer?.status === 'up';
  const status = ready ? 'UP' : 'DOWN';
  const body = !details ? { status } : {
    status,
    parts: own.parts,
    roles,
    delivery: delivery.length === 0 ? { status: 'waiting', why: ROLE_SERVICES.relay.missing } : (waiting ?? delivery[0]),
    nodes: answers.map(({ node: name, services, ready: nodeReady, parts }) => ({ node: name, services, ready: nodeReady, parts })),
    ...(silent.length === 0 ? {} : { silent }),
  };
  return { status: ready ? 200 : 503, body: JSON.stringify(body) };
}
