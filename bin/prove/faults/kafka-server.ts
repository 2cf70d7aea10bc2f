import { between, oneOf } from '../random.ts';
import { refusePartition } from '../net/refuse-partition.ts';
import type { Target } from '../target.ts';
import type { Fault } from './fault.ts';

const SLOW_MS = [300, 2_000] as const;
/** Beyond any KAFKA_REQUEST_TIMEOUT that a run has. */
const LATE_MS = 7_000;

/** Answers of Kafka come so much later to every relay; requests reach it at once. */
function answerLater(target: Target, ms: number): Promise<{ end(): Promise<void> }> {
  const links = target.links('relay', 'kafka');
  for (const link of links) link.delay(ms, 'back');
  return Promise.resolve({
    end() {
      for (const link of links) link.mend();
      return Promise.resolve();
    },
  });
}

/** What befalls Kafka as a whole, and one partition of it. */
export const KAFKA_SERVER: readonly Fault[] = [
  {
    name: 'kafka-killed',
    says: 'Kafka is killed, and started again at the end',
    touches: ['kafka'],
    async inject({ kafka }) {
      await kafka.end('SIGKILL');
      return { end: () => kafka.start() };
    },
  },
  {
    name: 'kafka-restarted',
    says: 'Kafka is stopped in order and started again at once',
    touches: ['kafka'],
    async inject({ kafka }) {
      await kafka.end('SIGTERM');
      const starting = kafka.start();
      starting.catch(() => undefined); // told at the end
      return { end: () => starting };
    },
  },
  {
    name: 'kafka-frozen',
    says: 'Kafka is stopped (SIGSTOP) and goes on at the end: connections stand, and nothing answers; what lay there is taken after all',
    touches: ['kafka'],
    lastsMs: [6_000, 10_000],
    inject({ kafka }) {
      kafka.signal('SIGSTOP');
      return Promise.resolve({
        end() {
          kafka.signal('SIGCONT');
          return Promise.resolve();
        },
      });
    },
  },
  {
    name: 'kafka-slow',
    says: 'Kafka is slow to answer: 0.3 to 2 s later',
    touches: ['kafka', 'relay->kafka'],
    inject: (target, random) => answerLater(target, between(random, ...SLOW_MS)),
  },
  {
    name: 'kafka-late',
    says: 'Kafka takes what is sent at once and answers after the client gave up',
    touches: ['kafka', 'relay->kafka'],
    lastsMs: [8_000, 14_000],
    inject: (target) => answerLater(target, LATE_MS),
  },
  {
    name: 'kafka-one-partition',
    says: 'Kafka refuses one partition of the topic as "not the leader"; the others go on',
    touches: ['kafka', 'relay->kafka'],
    inject(target, random) {
      const links = target.links('relay', 'kafka');
      const partition = oneOf(random, Array.from({ length: target.kafka.partitions }, (_, i) => i));
      let on = true;
      for (const link of links) link.rewrite(() => refusePartition(target.kafka.topic, partition, () => on));
      return Promise.resolve({
        end() {
          on = false;
          for (const link of links) link.mend();
          return Promise.resolve();
        },
      });
    },
  },
];
