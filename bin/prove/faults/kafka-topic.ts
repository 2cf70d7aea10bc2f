import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { Target, TargetKafka } from '../target.ts';
import type { Fault } from './fault.ts';
import { latestSizes } from './message-size.ts';

/** So much of the messages still fit. */
const FITS = 0.95;
const LOOK_MS = 250;
const REPLAYED_WITHIN_MS = 60_000;
/** Dead letters a second. */
const RATE = 1_000;

/** The topic's own limit; undefined: the broker's. */
async function limitMessages(kafka: TargetKafka, bytes: number | undefined): Promise<void> {
  const configEntries = bytes === undefined ? [] : [{ name: 'max.message.bytes', value: String(bytes) }];
  await kafka.admin((admin) => admin.alterConfigs({ validateOnly: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: kafka.topic, configEntries }] }));
}

/** Replays all that is dead, until nothing is, or the time or the run is over: what is left then shows in the checks. */
async function replayAll({ postgres, stopped }: Target): Promise<void> {
  const until = performance.now() + REPLAYED_WITHIN_MS;
  while (!stopped.aborted && performance.now() < until) {
    const [left] = await postgres.sql<{ dead: number; running: number }>(`
      select (select count(*) from dead_letter where state = 'dead')::int as dead,
             (select count(*) from dead_letter where state = 'replaying')::int + (select count(*) from replay where state = 'running')::int as running`);
    if (left === undefined || left.dead + left.running === 0) return;
    if (left.running === 0) {
      await postgres.sql(`insert into replay (id, sink, filter, rate, total, requested_by) select uuidv7(), sink, '{}', $1, count(*), 'sluice-prove' from dead_letter where state = 'dead' group by sink`, [RATE]);
    }
    await sleep(LOOK_MS);
  }
}

/** What is done to the topic of executions. */
export const KAFKA_TOPIC: readonly Fault[] = [
  {
    name: 'kafka-topic-deleted',
    says: 'the topic is deleted with all that is on it; the relay makes it again',
    touches: ['kafka'],
    forgetsTopic: true,
    async inject({ kafka }) {
      await kafka.admin((admin) => admin.deleteTopics({ topics: [kafka.topic] }));
      return { end: () => Promise.resolve() };
    },
  },
  {
    name: 'kafka-message-too-large',
    says: 'Kafka refuses the largest twentieth of the messages: they become dead letters, and are replayed at the end',
    // Replays are carried out by relays, and read and written by PostgreSQL.
    touches: ['kafka', 'relay', 'postgres', 'relay->kafka', 'relay->postgres'],
    // Four tries with their pauses take 7 s at most.
    lastsMs: [10_000, 14_000],
    async inject(target) {
      const sizes = await latestSizes(target.kafka);
      await limitMessages(target.kafka, sizes[Math.floor(sizes.length * FITS)]);
      return {
        async end() {
          await limitMessages(target.kafka, undefined);
          await replayAll(target);
        },
      };
    },
  },
];
