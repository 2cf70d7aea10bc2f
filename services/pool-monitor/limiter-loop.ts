import type { ServiceBroker } from 'moleculer';
import type { FlushesMeasured } from '../../shared/contracts/flush-limit.ts';
import { every, type Loop } from '../../shared/runtime/every.ts';
import { firstWith, writersOf } from '../../shared/runtime/fleet.ts';
import { natsIsConnected } from '../../shared/runtime/nats-status.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { Limiter } from './limiter.ts';

const ROUND_MS = 300;
/** So long a decision holds: then nobody decides, and the fixed number of slots holds. */
const VALID_MS = 3_000;

/** The limiter of this node, and the loop that runs its rounds. Of all nodes that could, the one with the first name decides. */
export function limiterLoop(node: NodeContext, broker: ServiceBroker): { measured(said: FlushesMeasured): void; loop: Loop } {
  const { settings, metrics, log } = node;
  const limiter = new Limiter({
    decider: node.nodeId,
    validMs: VALID_MS,
    bounds: () => ({ minRows: settings.bulkInsertBatchSize, maxRows: settings.chunkMaxRows, slowMs: settings.limiterSlowFlush }),
    onDecision({ limit, maxRows, reason, queued, inFlight, classes }) {
      metrics.count('limiter_decisions_total', { reason });
      metrics.set('limiter_limit_flushes', {}, limit);
      metrics.set('limiter_chunk_rows', {}, maxRows);
      metrics.set('limiter_queued_flushes', {}, queued);
      log.debug({ limit, maxRows, reason, queued: Number(queued.toFixed(2)), inFlight, classes }, 'the limiter decided');
    },
  });
  let deciding = false;
  const round = async () => {
    const first = firstWith(broker, 'pool-monitor');
    if (!settings.limiter || first !== node.nodeId || !natsIsConnected(broker)) {
      if (deciding) {
        limiter.forget();
        for (const name of ['limiter_limit_flushes', 'limiter_chunk_rows', 'limiter_queued_flushes'] as const) metrics.forget(name, {});
      }
      deciding = false;
      return;
    }
    deciding = true;
    const decided = limiter.round(writersOf(broker));
    if (decided !== undefined) void broker.broadcast('flushes.limited', decided);
  };
  return { measured: (said) => limiter.measured(said), loop: every(ROUND_MS, round, (error) => log.warn({ err: error }, 'the limiter could not decide')) };
}
