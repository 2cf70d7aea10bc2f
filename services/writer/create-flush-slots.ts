import type { ServiceBroker } from 'moleculer';
import type { FlushesLimited } from '../../shared/contracts/flush-limit.ts';
import { mostFlushes } from '../../shared/db/pool-size.ts';
import { every, type Loop } from '../../shared/runtime/every.ts';
import { natsIsConnected } from '../../shared/runtime/nats-status.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { FlushMeter } from './flush-meter.ts';
import { FlushSlots } from './flush-slots.ts';

/** As often as the limiter decides. */
const TELL_INTERVAL_MS = 300;

/** A writer's slots, wired: what they see of its flushes goes to the fleet's limiter, and what that decides holds here. */
export interface WriterSlots {
  /** Does the work when there is a slot for it; throws QUEUE_FULL where too many wait. */
  take<T>(work: () => Promise<T>): Promise<T>;
  /** A flush of so many rows ended after so many ms. */
  flushed(rows: number, ms: number): void;
  /** The fleet's limiter decided. */
  limited(decided: FlushesLimited): void;
  start(broker: ServiceBroker): void;
  stop(): Promise<void>;
}

export function createFlushSlots({ settings, nodeId, log }: NodeContext): WriterSlots {
  const slots = new FlushSlots(() => settings.writerConcurrency, mostFlushes(settings), () => performance.now());
  const meter = new FlushMeter(nodeId);
  let loop: Loop | undefined;
  const tell = async (broker: ServiceBroker) => {
    slots.look();
    const told = meter.take(slots.running);
    if (told !== undefined && settings.limiter && natsIsConnected(broker)) void broker.broadcast('flushes.measured', told, ['pool-monitor']);
  };
  return {
    take(work) {
      const done = slots.take(work);
      meter.look(slots.running);
      return done;
    },
    flushed: (rows, ms) => meter.flushed(rows, ms),
    limited({ writers, validMs }) {
      const granted = writers[nodeId];
      if (granted !== undefined) slots.grant(granted, validMs);
    },
    start(broker) {
      loop = every(TELL_INTERVAL_MS, () => tell(broker), (error) => log.warn({ err: error }, 'what was measured of flushes could not be told'));
      loop.start();
    },
    stop: async () => loop?.stop(),
  };
}
