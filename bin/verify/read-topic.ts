import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin, type Consumer, type Kafka } from 'kafkajs';
import { quietNegativeTimeouts } from '../../services/publisher/kafka-client.ts';
import type { kafkaOptions } from '../../shared/secure/kafka-options.ts';
import type { ReadMessage } from './check-topic.ts';

/** A stretch of a topic: of each partition the offsets [low, high), by partition. */
export type Stretch = { partition: number; low: number; high: number }[];

/** Told of the messages of a stretch: partition after partition, each in its order. */
export interface Reader {
  /** Messages that follow those before; the next come when it is through with these. */
  messages(messages: readonly ReadMessage[], partition: number): Promise<void>;
}

/** Of a partition: the first fetch has all of them at once. */
const BYTES_A_FETCH = 1_048_576;

/** A client for reading; it tries again for a while, for a broker may just be starting. */
export function readingClient(brokers: string, reach: ReturnType<typeof kafkaOptions> = {}): Kafka {
  quietNegativeTimeouts();
  return new kafkajs.Kafka({ clientId: 'sluice-verify', brokers: brokers.split(','), ...reach, connectionTimeout: 3_000, requestTimeout: 15_000, logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 2_000 } });
}

/** All that a topic holds now; undefined where there is no such topic. */
export async function stretchOf(admin: Admin, topic: string): Promise<Stretch | undefined> {
  if (!(await admin.listTopics()).includes(topic)) return undefined;
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) })).sort((a, b) => a.partition - b.partition);
}

/** Reads a stretch of a topic once; tells each message, partition after partition. @throws what Kafka failed with */
export function readStretch(kafka: Kafka, admin: Admin, topic: string, stretch: Stretch, onMessage: (message: ReadMessage) => void): Promise<void> {
  return readInTurn(kafka, admin, topic, stretch, {
    messages(messages) {
      for (const message of messages) onMessage(message);
      return Promise.resolve();
    },
  });
}

/**
 * Reads a stretch of a topic once, one partition after the other, and keeps nothing of it. The consumer group is its own, commits
 * nothing, and is removed.
 * @throws what Kafka failed with, or the reader
 */
export async function readInTurn(kafka: Kafka, admin: Admin, topic: string, stretch: Stretch, reader: Reader): Promise<void> {
  const filled = stretch.filter(({ low, high }) => high > low);
  if (filled.length === 0) return;
  const groupId = `sluice-verify-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, maxBytesPerPartition: BYTES_A_FETCH, retry: { retries: 5 } });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consume(consumer, topic, stretch, filled, reader);
  } finally {
    await consumer.disconnect();
    await admin.deleteGroups([groupId]).catch(() => undefined); // Kafka forgets an empty group by itself
  }
}

/** All partitions but the one whose turn it is are paused; what of them was fetched before that is not taken. */
function consume(consumer: Consumer, topic: string, stretch: Stretch, filled: Stretch, reader: Reader): Promise<void> {
  const turns = filled.map((s) => ({ ...s, next: s.low }));
  return new Promise((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart) reject(payload.error);
    });
    consumer.on('consumer.group_join', () => {
      consumer.pause([{ topic, partitions: stretch.map((s) => s.partition).filter((p) => p !== turns[0]?.partition) }]);
    });
    consumer
      .run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: async (payload) => {
          const { batch } = payload;
          const turn = turns[0];
          if (turn === undefined || turn.partition !== batch.partition) {
            consumer.pause([{ topic, partitions: [batch.partition] }]);
            return;
          }
          // A rebalance may bring messages again.
          const messages = batch.messages.filter((m) => Number(m.offset) >= turn.next && Number(m.offset) < turn.high);
          try {
            await reader.messages(messages.map(({ key, value, headers, offset }) => ({ partition: batch.partition, offset, key: text(key), value: text(value), eventId: text(headers?.ce_id) })), batch.partition);
          } catch (error) {
            reject(error as Error);
            throw error;
          }
          turn.next = Number(batch.lastOffset()) + 1;
          payload.resolveOffset(batch.lastOffset());
          await payload.heartbeat();
          if (turn.next < turn.high) return;
          turns.shift();
          const [next] = turns;
          consumer.pause([{ topic, partitions: [turn.partition] }]);
          if (next === undefined) resolve();
          else consumer.resume([{ topic, partitions: [next.partition] }]);
        },
      })
      .catch(reject);
  });
}

function text(bytes: unknown): string | null {
  if (Buffer.isBuffer(bytes)) return bytes.toString('utf8');
  return typeof bytes === 'string' ? bytes : null;
}
