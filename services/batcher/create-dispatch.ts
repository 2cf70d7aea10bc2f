import type { ServiceBroker } from 'moleculer';
import { liveView } from '../../shared/live/live-view.ts';
import type { DrainRate } from '../../shared/runtime/drain-rate.ts';
import { natsIsConnected } from '../../shared/runtime/nats-status.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { askWriter, callWriter } from './call-writer.ts';
import { CallsInHand } from './calls-in-hand.ts';
import { Dispatcher, type ChunkLimits } from './dispatcher.ts';
import type { WriteQueue } from './queue.ts';
import { Slots } from './slots.ts';
import { traceHandover } from './trace-handover.ts';
import { WriterWatch } from './writer-watch.ts';

/** What brings chunks to writers, wired. */
export interface Dispatch {
  dispatcher: Dispatcher;
  slots: Slots;
  calls: CallsInHand;
  watch: WriterWatch;
}

/**
 * Wires what brings chunks from the queue to writers: the slots, who holds what, and the watch over those that do not answer.
 * @param drain is told how fast items are written, and whether any wait
 */
export function createDispatch(node: NodeContext, broker: ServiceBroker, { queue, drain, now }: { queue: WriteQueue; drain: DrainRate; now: () => number }): Dispatch {
  const { settings, metrics, log, tracing } = node;
  const slots = new Slots();
  const calls = new CallsInHand(now);
  const chunkLimits: ChunkLimits = Object.assign(
    liveView(settings, { aimRows: 'bulkInsertBatchSize', maxRows: 'chunkMaxRows', maxBytes: 'chunkMaxBytes', interactiveShare: 'interactiveShare' }),
    { lanes: liveView(settings, { high: 'laneHigh', normal: 'laneNormal', low: 'laneLow' }) },
  );
  const dispatcher = new Dispatcher(queue, slots, chunkLimits, {
    async write(nodeId, chunk, deadlineMs, entries) {
      const trace = tracing === undefined ? undefined : traceHandover(tracing, entries, now());
      return calls.wait(nodeId, (call) => callWriter(broker, nodeId, chunk, deadlineMs, entries.map((e) => e.requestId), trace, call));
    },
    now,
    log,
    onHandover: (result) => metrics.count('batcher_handovers_total', { result }),
    onWritten: (items) => drain.add(items, now()),
    onBacklog: (is) => drain.busy(is, now()),
    after: (ms, run) => setTimeout(run, ms).unref(),
  });
  const watch = new WriterWatch({
    calls, slots, log,
    ask: (nodeId, asked, timeoutMs) => askWriter(broker, nodeId, asked, timeoutMs),
    trusted: () => dispatcher.wake(),
    reachable: () => natsIsConnected(broker),
  });
  return { dispatcher, slots, calls, watch };
}
