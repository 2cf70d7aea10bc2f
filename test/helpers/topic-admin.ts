import kafkajs, { type Admin } from 'kafkajs';
import { kafkaBrokers } from './addresses.ts';
import { waitFor } from './wait-for.ts';

/** Runs `work` with an administrator's connection to the run's Kafka. */
export async function admin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
  const client = new kafkajs.Kafka({ brokers: kafkaBrokers().split(','), logLevel: kafkajs.logLevel.NOTHING }).admin();
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.disconnect();
  }
}

const entries = (config: Record<string, string>) => Object.entries(config).map(([name, value]) => ({ name, value }));

export const createTopic = (topic: string, partitions: number, config: Record<string, string> = {}) => admin((a) => createTopicBy(a, topic, partitions, config));

/**
 * Creates a topic and waits until each partition answers for its offsets: a leader in the metadata may not know of it yet, and kafkajs, which waits
 * for those alone, would send twice.
 */
export async function createTopicBy(by: Admin, topic: string, partitions: number, config: Record<string, string> = {}): Promise<void> {
  await by.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries: entries(config) }], waitForLeaders: false });
  await waitFor(async () => (await by.fetchTopicOffsets(topic)).length === partitions, { what: `${topic} to be there` });
}

export const alterTopic = (topic: string, config: Record<string, string>) =>
  admin((a) => a.alterConfigs({ validateOnly: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries: entries(config) }] }));
