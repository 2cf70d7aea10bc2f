import type { Metrics } from '../../shared/metrics/metrics.ts';
import type { DrainRate } from '../../shared/runtime/drain-rate.ts';
import type { Admission } from './admission.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { LargeBatches } from './large/large-batches.ts';
import type { Processing } from './process/processing.ts';
import type { WriteQueue } from './queue.ts';
import type { Slots } from './slots.ts';

/** What the figures of an edge are read from. */
export interface EdgeParts {
  admission: Pick<Admission, 'requests' | 'bytes' | 'waiting'>;
  queue: Pick<WriteQueue, 'items' | 'bytes' | 'oldestAt'>;
  slots: Pick<Slots, 'inFlight' | 'total' | 'oldestAt'>;
  dispatcher: Pick<Dispatcher, 'waitingInLanes' | 'slotsOfLanes' | 'inHand'>;
  large: Pick<LargeBatches, 'uploads'>;
  processing: Pick<Processing, 'underWay'>;
  drain: Pick<DrainRate, 'perSecond'>;
  /** Monotonic ms. */
  now: () => number;
}

/** Has the gauges of an edge read whenever somebody asks for its metrics; what it returns ends that. */
export function edgeFigures(metrics: Metrics, { admission, queue, slots, dispatcher, large, processing, drain, now }: EdgeParts): () => void {
  const age = (since: number | undefined) => (since === undefined ? 0 : (now() - since) / 1_000);
  return metrics.sampled(() => {
    metrics.set('batcher_requests_active', {}, admission.requests);
    metrics.set('batcher_requests_bytes', {}, admission.bytes);
    metrics.set('batcher_waiting_items', {}, admission.waiting);
    metrics.set('batcher_queue_items', {}, queue.items);
    metrics.set('batcher_queue_bytes', {}, queue.bytes);
    metrics.set('batcher_queue_age_seconds', {}, age(queue.oldestAt()));
    metrics.set('batcher_handover_age_seconds', {}, age(slots.oldestAt()));
    metrics.set('batcher_uploads_active', {}, large.uploads);
    metrics.set('batcher_lanes_items', {}, dispatcher.waitingInLanes);
    for (const [queue, items] of Object.entries(dispatcher.inHand)) metrics.set('batcher_in_hand_items', { queue }, items);
    metrics.set('batcher_lanes_slots', {}, dispatcher.slotsOfLanes);
    metrics.set('batcher_items_underway', {}, processing.underWay);
    metrics.set('batcher_slots', { state: 'used' }, slots.inFlight);
    metrics.set('batcher_slots', { state: 'free' }, slots.total - slots.inFlight);
    metrics.set('batcher_drain_rate_items', {}, drain.perSecond(now()) ?? 0);
  });
}
