import type { ServiceBroker } from 'moleculer';
import type { Actions } from '../../shared/contracts/actions.ts';
import type { Chunk, SliceOutcome } from '../../shared/contracts/slices.ts';
import { natsIsConnected } from '../../shared/runtime/nats-status.ts';

/** A call that had no answer by then goes to another writer: the same slices again are harmless. */
const WRITE_CALL_MS = 10_000;
/** How much longer a call is waited for than its work may take. */
export const CALL_GRACE_MS = 250;

/**
 * While NATS is away its client keeps what it is given, without a bound, and throws it away when NATS is back: so it is
 * given nothing. To the caller the writers are full: the work stays in the queue, which is bounded.
 */
export function stayOffNats(broker: ServiceBroker): void {
  if (!natsIsConnected(broker)) throw Object.assign(new Error('NATS does not answer'), { type: 'QUEUE_FULL' });
}

/** Has that writer write a chunk within the deadline. `call`: the name under which it can be asked for. */
export async function callWriter(broker: ServiceBroker, nodeId: string, chunk: Chunk, deadlineMs: number, requestIds: string[], trace: string | undefined, call?: string): Promise<SliceOutcome[]> {
  if (nodeId !== broker.nodeID) stayOffNats(broker);
  const params: Actions['writer.write']['params'] = { chunk, deadlineMs: Math.min(deadlineMs, WRITE_CALL_MS - CALL_GRACE_MS), requestIds, ...(call === undefined ? {} : { call }) };
  const timeout = Math.min(Math.max(deadlineMs, 0) + CALL_GRACE_MS, WRITE_CALL_MS);
  return broker.call<SliceOutcome[], typeof params>('writer.write', params, trace === undefined ? { nodeID: nodeId, timeout } : { nodeID: nodeId, timeout, meta: { trace } });
}

/**
 * Asks a writer which of these calls it has in hand. A stopping node does not wait for the answer.
 * @throws REQUEST_TIMEOUT where it did not answer in time, SERVICE_NOT_FOUND where it is gone or of a version that can't be asked
 */
export async function askWriter(broker: ServiceBroker, nodeId: string, calls: string[], timeoutMs: number): Promise<string[]> {
  const params: Actions['writer.inHand']['params'] = { calls };
  const options = { nodeID: nodeId, timeout: timeoutMs, tracking: false };
  return broker.call<Actions['writer.inHand']['result'], typeof params>('writer.inHand', params, options);
}
