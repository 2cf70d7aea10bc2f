import kafkajs, { type Producer } from 'kafkajs';
import { topicReader, type ReadMessage } from '../../../../bin/prove/check/read-new.ts';
import { kafkaBrokers } from '../../../helpers/addresses.ts';
import { uniqueName } from '../../../helpers/namespace.ts';
import { createTopicBy } from '../../../helpers/topic-admin.ts';

const PARTITIONS = 3;
const topic = uniqueName('read-new');
const kafka = new kafkajs.Kafka({ brokers: kafkaBrokers().split(','), logLevel: kafkajs.logLevel.NOTHING });
let producer: Producer;

beforeAll(async () => {
  producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
});
afterAll(() => producer.disconnect());

const admin = async (work: (a: ReturnType<typeof kafka.admin>) => Promise<unknown>) => {
  const client = kafka.admin();
  await client.connect();
  await work(client);
  await client.disconnect();
};
const send = (from: number, to: number) => producer.send({ topic, messages: Array.from({ length: to - from }, (_, i) => ({ partition: (from + i) % PARTITIONS, key: String(from + i), value: `v${from + i}` })) });
async function read(reader: ReturnType<typeof topicReader>): Promise<ReadMessage[]> {
  const messages: ReadMessage[] = [];
  await reader.readNew((message) => messages.push(message));
  return messages;
}
const keys = (messages: ReadMessage[]) => messages.map(({ key }) => Number(key)).sort((a, b) => a - b);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test('a topic that is read in parts gives each message once, each partition in its order', async () => {
  const reader = topicReader(kafkaBrokers(), topic);
  await expect(read(reader)).resolves.toEqual([]); // there is no such topic yet
  await admin((a) => createTopicBy(a, topic, PARTITIONS));
  await send(0, 20);
  const first = await read(reader);
  expect(keys(first)).toEqual(range(0, 20));
  for (let partition = 0; partition < PARTITIONS; partition++) expect(first.filter((m) => m.partition === partition).map((m) => Number(m.offset))).toEqual(range(0, first.filter((m) => m.partition === partition).length));
  await expect(read(reader)).resolves.toEqual([]);
  await send(20, 25);
  expect(keys(await read(reader))).toEqual(range(20, 25));
  reader.forget();
  expect(keys(await read(reader))).toEqual(range(0, 25));
}, 60_000);
