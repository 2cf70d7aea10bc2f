import { randomUUID } from 'node:crypto';
import kafkajs, { type Consumer, type IHeaders } from 'kafkajs';
import { quietNegativeTimeouts } from '../../../services/publisher/kafka-client.ts';

/** A message as a consumer gets it. */
export interface ReadMessage {
  partition: number;
  offset: string;
  key: string | null;
  value: string | null;
  /** Headers `ce_type` and `ce_id`, where it has them. */
  type?: string;
  eventId?: string;
}

/** Reads a topic in parts: each message once. */
export interface TopicReader {
  /** Gives what has come since the last time to `onMessage`, each partition in its order. */
  readNew(onMessage: (message: ReadMessage) => void): Promise<void>;
  /** The topic was made anew: its offsets begin at 0 again. */
  forget(): void;
}

/** A reader of its own, that shares nothing with `sluice verify`. @param brokers host:port, past every link */
export function topicReader(brokers: string, topic: string): TopicReader {
  quietNegativeTimeouts();
  const kafka = new kafkajs.Kafka({ clientId: 'sluice-prove', brokers: [brokers], connectionTimeout: 3_000, requestTimeout: 15_000, logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 2_000 } });
  const next = new Map<number, number>();
  /** Offsets up to which there is something new, by partition. */
  const fresh = async (): Promise<Map<number, number>> => {
    const admin = kafka.admin();
    await admin.connect();
    try {
      if (!(await admin.listTopics()).includes(topic)) return new Map(); // nothing was ever sent
      const offsets = await admin.fetchTopicOffsets(topic);
      return new Map(offsets.map(({ partition, high }): [number, number] => [partition, Number(high)]).filter(([partition, high]) => high > (next.get(partition) ?? 0)));
    } finally {
      await admin.disconnect();
    }
  };
  return {
    async readNew(onMessage) {
      const until = await fresh();
      if (until.size === 0) return;
      const consumer = kafka.consumer({ groupId: `sluice-prove-${randomUUID()}`, maxWaitTimeInMs: 100, retry: { retries: 5 } });
      try {
        await consumer.connect();
        await consumer.subscribe({ topic, fromBeginning: true });
        await consume(consumer, topic, next, until, onMessage);
      } finally {
        await consumer.disconnect();
      }
    },
    forget: () => next.clear(),
  };
}

/** Reads on from `next`, which moves along, until every partition has come to its end. */
function consume(consumer: Consumer, topic: string, next: Map<number, number>, until: Map<number, number>, onMessage: (message: ReadMessage) => void): Promise<void> {
  const open = new Set(until.keys());
  return new Promise((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart) reject(payload.error);
    });
    // Each time the group is joined, kafkajs would begin where it thinks it is.
    consumer.on('consumer.group_join', () => {
      for (const partition of until.keys()) consumer.seek({ topic, partition, offset: String(next.get(partition) ?? 0) });
    });
    consumer
      .run({
        autoCommit: false,
        eachBatch: ({ batch }) => {
          const { partition } = batch;
          for (const { offset, key, value, headers } of batch.messages) {
            // What was fetched before a seek may come again.
            if (Number(offset) < (next.get(partition) ?? 0)) continue;
            next.set(partition, Number(offset) + 1);
            onMessage({ partition, offset, key: key?.toString('utf8') ?? null, value: value?.toString('utf8') ?? null, ...named(headers) });
          }
          if (Number(batch.lastOffset()) + 1 >= (until.get(partition) ?? 0)) open.delete(partition);
          if (open.size === 0) resolve();
          return Promise.resolve();
        },
      })
      .catch(reject);
  });
}

function named(headers: IHeaders | undefined): Pick<ReadMessage, 'type' | 'eventId'> {
  const [type, eventId] = [headers?.ce_type, headers?.ce_id];
  return { ...(type === undefined ? {} : { type: String(type) }), ...(eventId === undefined ? {} : { eventId: String(eventId) }) };
}
