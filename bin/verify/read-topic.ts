import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin, type Consumer, type Kafka } from 'kafkajs';
import { quietNegativeTimeouts } from '../../services/publisher/kafka-client.ts';
import type { ReadMessage } from './check-topic.ts';

/** A stretch of a topic: of each partition the offsets [low, high). */
export type Stretch = { partition: number; low: number; high: number }[];

/** A client for reading; it tries again for a while, for a broker may just be starting. */
export function readingClient(brokers: string): Kafka {
  quietNegativeTimeouts();
  return new kafkajs.Kafka({ clientId: 'sluice-verify', brokers: brokers.split(','), connectionTimeout: 3_000, requestTimeout: 15_000, logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 2_000 } });
}

/** All that a topic holds now; undefined where there is no such topic. */
export async function stretchOf(admin: Admin, topic: string): Promise<Stretch | undefined> {
  if (!(await admin.listTopics()).includes(topic)) return undefined;
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) })).sort((a, b) => a.partition - b.partition);
}

/**
 * Reads a stretch of a topic once, each partition in its order, and forgets what it read. The consumer group is its own,
 * commits nothing, and is removed.
 * @param onMessage told of each message in the stretch
 */
export async function readStretch(kafka: Kafka, admin: Admin, topic: string, stretch: Stretch, onMessage: (message: ReadMessage) => void): Promise<void> {
  const end = new Map(stretch.filter(({ low, high }) => high > low).map(({ partition, high }) => [partition, high]));
  if (end.size === 0) return;
  const groupId = `sluice-verify-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, retry: { retries: 5 } });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consume(consumer, end, onMessage);
  } finally {
    await consumer.disconnect();
    await admin.deleteGroups([groupId]).catch(() => undefined); // Kafka forgets an empty group by itself
  }
}

function consume(consumer: Consumer, end: Map<number, number>, onMessage: (message: ReadMessage) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart) reject(payload.error);
    });
    consumer
      .run({
        autoCommit: false,
        partitionsConsumedConcurrently: 4,
        eachBatch: (payload) => {
          const { batch } = payload;
          const high = end.get(batch.partition);
          if (high !== undefined) {
            for (const { key, value, headers, offset } of batch.messages) {
              if (Number(offset) >= high) break;
              onMessage({ partition: batch.partition, offset, key: text(key), value: text(value), eventId: text(headers?.ce_id) });
            }
            if (Number(batch.lastOffset()) + 1 >= high) end.delete(batch.partition);
          }
          if (!end.has(batch.partition)) payload.pause();
          if (end.size === 0) resolve();
          return Promise.resolve();
        },
      })
      .catch(reject);
  });
}

function text(bytes: unknown): string | null {
  if (Buffer.isBuffer(bytes)) return bytes.toString('utf8');
  return typeof bytes === 'string' ? bytes : null;
}
