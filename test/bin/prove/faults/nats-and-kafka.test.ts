import { connect } from 'node:net';
import kafkajs, { type Producer } from 'kafkajs';
import { createTopicBy } from '../../../helpers/topic-admin.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { processState, smallSystem } from './small-system.ts';

const system = smallSystem();
const { inject, store, untilStores } = system;

/** What a server says first to who connects; empty where nothing comes within the time. */
function greeting(port: number, withinMs: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const over = (text: string) => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(withinMs, () => over(''));
    socket.on('data', (data) => over(data.toString()));
    socket.on('error', () => over(''));
  });
}

/** Messages that each partition of the topic ever took. */
const offsets = () => system.target.kafka.admin(async (admin) => (await admin.fetchTopicOffsets(system.target.kafka.topic)).map(({ partition, high }) => ({ partition, high: Number(high) })));
const messages = async () => (await offsets()).reduce((sum, { high }) => sum + high, 0);
const untilDelivered = async () => {
  // A broker that has just started may not lead its partitions yet, and says so.
  const { before } = await waitFor(async () => ({ before: await messages() }), { timeoutMs: 60_000, what: 'the topic\'s offsets' });
  await untilStores();
  await waitFor(async () => (await messages()) > before, { timeoutMs: 60_000, what: 'a record to be delivered' });
};

test.each(['nats-killed', 'nats-emptied'])('%s: NATS is gone, and back at the end', async (name) => {
  await untilStores();
  const end = await inject(name);
  expect(await greeting(system.target.nats.port, 5_000)).toBe('');
  expect(await store()).not.toBe(201);
  await end();
  expect(await greeting(system.target.nats.port, 5_000)).toContain('INFO');
  await untilStores();
});

test('nats-frozen: NATS stands still until the end', async () => {
  await untilStores();
  const { pid } = system.target.nats;
  const end = await inject('nats-frozen');
  await waitFor(async () => (await processState(pid)) === 'T', { what: 'NATS to be stopped' });
  expect(await store()).not.toBe(201);
  await end();
  await untilStores();
  expect(system.target.nats.pid).toBe(pid);
});

test('kafka-killed: nothing is delivered, and all of it at the end', async () => {
  await untilDelivered();
  const end = await inject('kafka-killed');
  expect(system.target.kafka.running).toBe(false);
  await untilStores(); // records need no Kafka
  await end();
  await untilDelivered();
});

test('kafka-restarted: another process has its place', async () => {
  const { pid } = system.target.kafka;
  const end = await inject('kafka-restarted');
  expect(await processState(pid)).toBe('');
  await end();
  await untilDelivered();
});

test('kafka-frozen: it stands still until the end', async () => {
  const { pid } = system.target.kafka;
  const end = await inject('kafka-frozen');
  await waitFor(async () => (await processState(pid)) === 'T', { what: 'Kafka to be stopped' });
  await end();
  await untilDelivered();
});

describe('kafka-one-partition', () => {
  let producer: Producer;
  beforeAll(async () => {
    const [link] = system.target.links('relay', 'kafka');
    producer = new kafkajs.Kafka({ clientId: 'one-partition', brokers: [`127.0.0.1:${link?.port}`], logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 0 } }).producer({ allowAutoTopicCreation: false });
  });
  afterAll(() => producer.disconnect());

  /** Sends to these partitions in one request. What went wrong, or nothing. */
  const send = async (topic: string, ...partitions: number[]): Promise<string> => {
    await producer.connect();
    return producer.send({ topic, messages: partitions.map((partition) => ({ partition, value: 'x'.repeat(5_000) })) }).then(
      () => '',
      (error: { type?: string; cause?: { type?: string; name?: string }; name: string }) => error.type ?? error.cause?.type ?? error.cause?.name ?? error.name,
    );
  };

  test('one partition is refused and appends nothing, also beside others that are taken; at the end it is as before', async () => {
    const topic = 'beside';
    const { kafka } = system.target;
    await kafka.admin((admin) => createTopicBy(admin, topic, kafka.partitions));
    await untilDelivered();
    await waitFor(async () => (await send(kafka.topic, 0)) === '', { what: 'the producer to get through' });
    const end = await inject('kafka-one-partition'); // the drawn number makes it the third
    await waitFor(async () => (await send(kafka.topic, 0)) === '', { what: 'the producer to get through again' });
    const before = await offsets();
    expect(await send(kafka.topic, 2)).toBe('NOT_LEADER_FOR_PARTITION');
    expect(await send(kafka.topic, 0, 1, 2, 3)).toBe('NOT_LEADER_FOR_PARTITION');
    expect(await send(topic, 0, 1, 2, 3)).toBe('');
    const after = await offsets();
    const grown = (partition: number) => (after.find((one) => one.partition === partition)?.high ?? 0) - (before.find((one) => one.partition === partition)?.high ?? 0);
    expect([grown(2), grown(0) > 0, grown(1) > 0, grown(3) > 0]).toEqual([0, true, true, true]);
    await end();
    await waitFor(async () => (await send(kafka.topic, 2)) === '', { what: 'the partition to be taken again' });
  });
});

test('kafka-topic-deleted: what was on it is gone, and the relay makes it anew', async () => {
  await untilDelivered();
  const before = await messages();
  const end = await inject('kafka-topic-deleted');
  await end();
  await untilStores();
  await waitFor(async () => {
    const now = await messages();
    return now > 0 && now < before;
  }, { timeoutMs: 60_000, what: 'the topic to be there again, without what it held' });
  expect(await offsets()).toHaveLength(system.target.kafka.partitions);
  await untilDelivered();
});

test('kafka-message-too-large: the largest messages become dead letters, and are delivered at the end', async () => {
  const letters = async (where: string) => (await system.target.postgres.sql<{ count: number }>(`select count(*)::int as count from dead_letter where ${where}`))[0]?.count;
  await untilDelivered();
  const end = await inject('kafka-message-too-large');
  const long = await store({ destination: 'TWENTY-CHARACTERS-IN' });
  expect(long).toBe(201);
  await untilDelivered(); // shorter ones are not refused
  await waitFor(async () => (await letters(`state = 'dead' and code in ('MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE')`)) === 1, { timeoutMs: 60_000, what: 'the long one to be a dead letter' });
  const before = await messages();
  await end();
  expect(await letters(`state = 'delivered'`)).toBe(1);
  expect(await messages()).toBeGreaterThan(before);
});
