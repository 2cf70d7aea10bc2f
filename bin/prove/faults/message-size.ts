import { randomUUID } from 'node:crypto';
import type { KafkaMessage } from 'kafkajs';
import { readingClient } from '../../verify/read-topic.ts';
import type { TargetKafka } from '../target.ts';

const LATEST_OF_PARTITION = 25;
const READS_MS = 15_000;
/** A record batch of one message beside key, value and headers: its own head, and the message's lengths, time and offset. */
const BATCH_BYTES = 70;
/** Each header's two lengths. */
const HEADER_BYTES = 2;

/** What a message takes by itself, in bytes, as the broker counts it. */
export function sizeOf({ key, value, headers }: Pick<KafkaMessage, 'key' | 'value' | 'headers'>): number {
  const ofHeaders = Object.entries(headers ?? {}).reduce((sum, [name, text]) => sum + HEADER_BYTES + name.length + Buffer.byteLength(Array.isArray(text) ? '' : (text ?? '')), 0);
  return BATCH_BYTES + (key?.length ?? 0) + (value?.length ?? 0) + ofHeaders;
}

/**
 * Sizes of the latest messages of the topic, the smallest first.
 * @throws Error when there are none, or they can't be read
 */
export async function latestSizes(kafka: TargetKafka): Promise<number[]> {
  const { brokers, topic } = kafka;
  const offsets = await kafka.admin((admin) => admin.fetchTopicOffsets(topic));
  const from = offsets.map(({ partition, low, high }) => ({ partition, offset: Math.max(Number(low), Number(high) - LATEST_OF_PARTITION), high: Number(high) })).filter(({ offset, high }) => offset < high);
  const wanted = from.reduce((sum, { offset, high }) => sum + high - offset, 0);
  if (wanted === 0) throw new Error('nothing was delivered yet whose size could be taken');
  const sizes: number[] = [];
  const consumer = readingClient(brokers).consumer({ groupId: `sluice-prove-${randomUUID()}`, maxWaitTimeInMs: 100 });
  let timer: NodeJS.Timeout | undefined;
  try {
    await consumer.connect();
    await consumer.subscribe({ topic });
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`read ${sizes.length} of ${wanted} messages in ${READS_MS} ms`)), READS_MS);
      consumer.on('consumer.group_join', () => {
        for (const { partition, offset } of from) consumer.seek({ topic, partition, offset: String(offset) });
      });
      consumer
        .run({
          autoCommit: false,
          eachMessage: ({ message }) => {
            sizes.push(sizeOf(message));
            if (sizes.length >= wanted) resolve();
            return Promise.resolve();
          },
        })
        .catch(reject);
    });
  } finally {
    clearTimeout(timer);
    await consumer.disconnect();
  }
  return sizes.sort((a, b) => a - b);
}
