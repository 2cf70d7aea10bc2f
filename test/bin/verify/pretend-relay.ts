import kafkajs, { type Admin, type Producer } from 'kafkajs';
import { partitionOfKey } from '../../../shared/delivery/murmur2.ts';
import { kafkaBrokers } from '../../helpers/addresses.ts';
import { uniqueName } from '../../helpers/namespace.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const PARTITIONS = 3;

/** Puts messages on a topic of its own as the relay does, and says at which offsets they came to lie. */
export interface PretendRelay {
  topic: string;
  sink: string;
  /** Messages of these records, in this order; answers the acknowledgements of a ledger row: by partition the first offset. */
  send(records: readonly { id: number; version?: number }[]): Promise<Record<string, number>>;
  /** A message as it is. */
  raw(message: { key: string; value: string; partition?: number; eventId?: string }): Promise<void>;
  stop(): Promise<void>;
}

export async function startPretendRelay(): Promise<PretendRelay> {
  const topic = uniqueName('orders');
  const kafka = new kafkajs.Kafka({ brokers: kafkaBrokers().split(','), logLevel: kafkajs.logLevel.NOTHING });
  const admin: Admin = kafka.admin();
  const producer: Producer = kafka.producer({ createPartitioner: () => ({ message }) => message.partition ?? 0 });
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS, replicationFactor: 1 }], waitForLeaders: false });
  // Asked of the leaders themselves: a producer that is told "not here" sends everything again, and doubles what went through.
  await waitFor(async () => (await admin.fetchTopicOffsets(topic)).length === PARTITIONS, { timeoutMs: 30_000, what: 'every partition to have a leader that knows of it' });
  await producer.connect();
  const partitionOf = (id: number) => partitionOfKey(String(id), PARTITIONS);
  return {
    topic,
    sink: `kafka:${topic}`,
    async send(records) {
      const messages = records.map(({ id, version = 1 }) => ({ key: String(id), partition: partitionOf(id), value: JSON.stringify({ id, version }), headers: { ce_id: `execution:${id}:${version}` } }));
      const answer = await producer.send({ topic, messages });
      return Object.fromEntries(answer.map((a) => [a.partition, Number(a.baseOffset)]));
    },
    async raw({ key, value, partition = 0, eventId }) {
      await producer.send({ topic, messages: [{ key, value, partition, ...(eventId === undefined ? {} : { headers: { ce_id: eventId } }) }] });
    },
    async stop() {
      await producer.disconnect();
      await admin.disconnect();
    },
  };
}
