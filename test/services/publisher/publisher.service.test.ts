import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPublisher } from '../../../services/publisher/publisher.service.ts';
import type { Sink } from '../../../services/publisher/sink.ts';
import { freePort } from '../../../shared/runtime/servers/free-port.ts';
import { startKafka } from '../../../shared/runtime/servers/kafka.ts';
import { kafkaBrokers } from '../../helpers/addresses.ts';
import { createDatabase, type TestDatabase } from '../../helpers/database.ts';
import { alterTopic, createTopic } from '../../helpers/topic-admin.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { LedgerWriter } from './helpers/ledger.ts';
import { newTopic, relaySettings, startRelay, type RelayOptions, type TestRelay } from './helpers/relay.ts';
import { inOrder, TopicReader } from './helpers/topic-reader.ts';

let database: TestDatabase;
let ledger: LedgerWriter;
const open: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  database = await createDatabase();
  ledger = new LedgerWriter(database.url, 32);
});
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
  await ledger.close();
  await database.drop();
});

async function relay(over: Parameters<typeof relaySettings>[1], options?: RelayOptions): Promise<TestRelay> {
  const started = await startRelay(relaySettings(database.url, { kafkaBrokers: kafkaBrokers(), ...over }), options);
  open.push({ close: () => started.stop() });
  return started;
}

async function reader(topic: string): Promise<TopicReader> {
  const opened = await TopicReader.open(kafkaBrokers(), topic);
  open.push(opened);
  return opened;
}

test('delivers every record once, on the partition of its key, with headers and offsets, and creates the topic', async () => {
  const { topic, sink } = newTopic();
  await ledger.insert(sink, 1_024, 500, 6);
  await relay({ ordersTopic: topic });
  await waitFor(() => ledger.isDone(sink), { what: 'all rows done' });
  const consumer = await reader(topic);
  await waitFor(() => consumer.seen.length >= 3_000, { what: 'all messages' });

  expect(new Set(consumer.seen.map((m) => m.id)).size).toBe(3_000);
  expect(consumer.seen).toHaveLength(3_000);
  const one = consumer.seen.find((m) => m.id === 1_030);
  expect(one).toMatchObject({ key: '1030', version: 1, headers: { ce_id: 'execution:1030:1', ce_type: 'sluice.execution.insert', ce_source: 'urn:sluice:sluice', ce_specversion: '1.0', 'content-type': 'application/json' } });
  expect(one?.value).toContain('"quantity":100.50000000,"limitPrice":12.25000000,"receivedTimestamp":1795341600.123,"sentTimestamp":null');
  const { rows } = await ledger.pool.query<{ acks: Record<string, number>; first_id: string; span: number }>(`select acks, first_id, span from ledger where sink = $1`, [sink]);
  for (const row of rows) {
    const mine = consumer.seen.filter((m) => m.id >= Number(row.first_id) && m.id < Number(row.first_id) + row.span).sort((a, b) => a.id - b.id);
    const ranks = new Map<number, number>();
    for (const m of mine) {
      const rank = ranks.get(m.partition) ?? 0;
      expect(m.offset).toBe((row.acks[m.partition] ?? NaN) + rank);
      ranks.set(m.partition, rank + 1);
    }
  }
});

test('sends only the current version; what a later one replaced counts as superseded', async () => {
  const { topic, sink } = newTopic();
  await ledger.insert(sink, 2_048, 10);
  await ledger.update([sink], 2_050);
  await ledger.pool.query('delete from execution where id = 2051');
  await relay({ ordersTopic: topic });
  await waitFor(() => ledger.isDone(sink), { what: 'all rows done' });
  const consumer = await reader(topic);
  await waitFor(() => consumer.seen.length >= 9, { what: 'all messages' });
  expect(consumer.versions().get(2_050)).toEqual([2]);
  expect(consumer.seen.find((m) => m.id === 2_050)?.headers).toMatchObject({ ce_type: 'sluice.execution.update', traceparent: expect.stringContaining('00-') as string });
  await expect(ledger.sum(sink)).resolves.toEqual({ delivered: 9, superseded: 2, attempts: 0 });
});

test('an update carries the time its insert was acknowledged', async () => {
  const { topic, sink } = newTopic();
  await ledger.insert(sink, 1_024, 5);
  await relay({ ordersTopic: topic });
  await waitFor(() => ledger.isDone(sink), { what: 'the insert' });
  const { rows } = await ledger.pool.query<{ at: string }>(`select trunc(extract(epoch from sent_at), 3)::text as at from ledger`);
  await ledger.update([sink], 1_026);
  await waitFor(() => ledger.isDone(sink), { what: 'the update' });
  const consumer = await reader(topic);
  const updated = await waitFor(() => consumer.seen.find((m) => m.version === 2), { what: 'the update' });
  expect(updated.value).toContain(`"sentTimestamp":${rows[0]?.at}`);
});

/** The sink, with one partition that has no leader until `mended()`. */
function leaderless(partition: number, mended: () => boolean) {
  return (sink: Sink): Sink =>
    new Proxy(sink, {
      get(target, name) {
        if (name === 'send') {
          return async (groups: Parameters<Sink['send']>[0], mayGoOn: () => boolean) => {
            const broken = mended() ? [] : groups.filter((g) => g.partition === partition);
            const rest = groups.filter((g) => !broken.includes(g));
            const results = rest.length > 0 ? await target.send(rest, mayGoOn) : [];
            const failure = { class: 'partition' as const, code: 'LEADER_NOT_AVAILABLE', message: 'no leader', unsettled: false };
            return [...results, ...broken.map((g) => ({ partition: g.partition, acked: [], refused: [], failure }))];
          };
        }
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
}

test('F36 a partition that fails holds up none of the other nineteen; when it is back only what is missing is sent, without costing a try', async () => {
  const { topic, sink } = newTopic();
  await ledger.insert(sink, 1_024, 400, 20);
  let mended = false;
  await relay({ ordersTopic: topic }, { around: leaderless(5, () => mended) });
  const left = () => ledger.pool.query<{ n: number }>(`select count(*)::int as n from ledger where sink = $1 and acks->'left' = '[5]'`, [sink]).then((r) => r.rows[0]?.n);
  await waitFor(async () => (await left()) === 20, { what: 'everything but partition 5' });
  mended = true;
  await waitFor(() => ledger.isDone(sink), { what: 'the rest' });
  const consumer = await reader(topic);
  await waitFor(() => consumer.seen.length >= 8_000, { what: 'all messages' });
  expect(consumer.seen.length).toBe(8_000);
  await expect(ledger.sum(sink)).resolves.toEqual({ delivered: 8_000, superseded: 0, attempts: 0 });
});

/** The sink, with one partition whose broker is away until `mended()`: as with kafkajs, each send that it is part of fails as a whole. */
function brokerAway(partition: number, mended: () => boolean) {
  return (sink: Sink): Sink =>
    new Proxy(sink, {
      get(target, name) {
        if (name === 'send') {
          return async (groups: Parameters<Sink['send']>[0], mayGoOn: () => boolean) => {
            if (mended() || !groups.some((g) => g.partition === partition)) return target.send(groups, mayGoOn);
            const failure = { class: 'cluster' as const, code: 'KafkaJSConnectionError', message: 'connect ECONNREFUSED', unsettled: false };
            return groups.map((g) => ({ partition: g.partition, acked: [], refused: [], failure }));
          };
        }
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
}

test('F36 one broker of several that is away holds up its own partitions only, although each send with it fails as a whole', async () => {
  const { topic, sink } = newTopic();
  await ledger.insert(sink, 1_024, 400, 20);
  let mended = false;
  await relay({ ordersTopic: topic }, { around: brokerAway(5, () => mended) });
  const left = () => ledger.pool.query<{ n: number }>(`select count(*)::int as n from ledger where sink = $1 and acks->'left' = '[5]'`, [sink]).then((r) => r.rows[0]?.n);
  await waitFor(async () => (await left()) === 20, { what: 'everything but partition 5', timeoutMs: 20_000 });
  mended = true;
  await waitFor(() => ledger.isDone(sink), { what: 'the rest', timeoutMs: 20_000 });
  await expect(ledger.sum(sink)).resolves.toEqual({ delivered: 8_000, superseded: 0, attempts: 0 });
});

test('F65 record batches that are too large are halved until they fit; nothing counts as refused', async () => {
  const { topic, sink } = newTopic();
  await createTopic(topic, 2, { 'max.message.bytes': '20000' });
  await ledger.insert(sink, 1_024, 500);
  await relay({ ordersTopic: topic });
  await waitFor(() => ledger.isDone(sink), { what: 'all rows done' });
  const consumer = await reader(topic);
  await waitFor(() => consumer.seen.length >= 500, { what: 'all messages' });
  expect(new Set(consumer.seen.map((m) => m.id)).size).toBe(500);
  await expect(ledger.sum(sink)).resolves.toEqual({ delivered: 500, superseded: 0, attempts: 0 });
});

test('a message that the broker refuses is tried again with its count in the ledger, is never dropped, and holds up nobody else', async () => {
  const { topic, sink } = newTopic();
  await createTopic(topic, 2, { 'max.message.bytes': '580' });
  await ledger.insert(sink, 1_024, 20);
  await ledger.pool.query(`update execution set destination = 'ABCDEFGHIJKLMNOPQRST', quantity = 9999999999, quantity_filled = 9999999999, limit_price = 9999999999, average_price = 9999999999 where id = 1030`);
  await relay({ ordersTopic: topic, relayPartitionBytes: 10_000, maxRetries: 100 });
  await waitFor(async () => (await ledger.sum(sink)).attempts >= 3 && (await ledger.sum(sink)).delivered === 19, { what: 'three refusals, and all others delivered' });
  const { rows } = await ledger.pool.query(`select state, last_error from ledger where sink = $1`, [sink]);
  expect(rows).toEqual([{ state: 'waiting', last_error: 'MESSAGE_TOO_LARGE' }]);
  await alterTopic(topic, { 'max.message.bytes': '100000' });
  await waitFor(() => ledger.isDone(sink), { what: 'the message, now allowed' });
  const consumer = await reader(topic);
  await waitFor(() => consumer.seen.length >= 20, { what: 'all messages' });
  expect(consumer.seen).toHaveLength(20);
});

test('two relays share the shards evenly while records change, and no record goes back to an older version', async () => {
  const { topic, sink } = newTopic();
  await ledger.insert(sink, 1_024, 512, 64);
  await relay({ ordersTopic: topic }, { nodeId: 'first' });
  const owners = async () => (await ledger.pool.query<{ owner: string; n: number }>(`select owner, count(*)::int as n from relay_shard where sink = $1 group by owner order by owner`, [sink])).rows;
  let updates = 0;
  let updating = true;
  const changes = (async () => {
    while (updating) await ledger.update([sink], 1_024 + 700 * (updates++ % 40));
  })();
  await relay({ ordersTopic: topic }, { nodeId: 'second' });
  await waitFor(async () => JSON.stringify(await owners()) === JSON.stringify([{ owner: 'first', n: 16 }, { owner: 'second', n: 16 }]), { what: 'an even share', timeoutMs: 20_000 });
  updating = false;
  await changes;
  await waitFor(() => ledger.isDone(sink), { what: 'all rows done', timeoutMs: 30_000 });
  const consumer = await reader(topic);
  const { rows } = await ledger.pool.query<{ id: string; version: number }>('select id, version from execution');
  await waitFor(() => rows.every((r) => consumer.versions().get(Number(r.id))?.at(-1) === r.version), { what: 'the last version of each record', timeoutMs: 20_000 });
  expect([...consumer.versions()].filter(([, versions]) => !inOrder(versions))).toEqual([]);
});

test('F64 F66 a relay that is killed in the middle is followed by another, in order and without a gap', async () => {
  const { topic, sink } = newTopic();
  await ledger.insert(sink, 1_024, 512, 100);
  const settings = relaySettings(database.url, { kafkaBrokers: kafkaBrokers(), ordersTopic: topic });
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures/relay-process.ts')], { stdio: 'ignore', env: { ...process.env, RELAY_SETTINGS: JSON.stringify(settings) } });
  open.push({ close: async () => void child.kill('SIGKILL') });
  await waitFor(async () => (await ledger.sum(sink)).delivered > 2_000, { what: 'the first relay at work', timeoutMs: 20_000 });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect((await ledger.states(sink)).waiting).toBeGreaterThan(0);
  for (let id = 1_100; id < 52_000; id += 600) await ledger.update([sink], id);
  await relay({ ordersTopic: topic });
  await waitFor(() => ledger.isDone(sink), { what: 'all rows done', timeoutMs: 40_000 });
  const consumer = await reader(topic);
  const { rows } = await ledger.pool.query<{ id: string; version: number }>('select id, version from execution');
  await waitFor(() => rows.every((r) => consumer.versions().get(Number(r.id))?.at(-1) === r.version), { what: 'the last version of each record', timeoutMs: 20_000 });
  expect([...consumer.versions()].filter(([, versions]) => !inOrder(versions))).toEqual([]);
}, 90_000);

test('F27 without a broker records wait and cost no tries; when one comes they go out by themselves', async () => {
  const { topic, sink } = newTopic();
  const port = await freePort();
  await ledger.insert(sink, 1_024, 100);
  const { node } = await relay({ ordersTopic: topic, kafkaBrokers: `127.0.0.1:${port}` });
  const delivery = async () => (await node.health.read()).parts.delivery;
  await waitFor(async () => (await delivery())?.why?.includes('does not answer'), { what: 'the reason in health' });
  await expect(delivery()).resolves.toMatchObject({ status: 'waiting' });
  expect((await node.health.read()).ready).toBe(true);
  const dataDir = await mkdtemp(join(tmpdir(), 'sluice-test-kafka-'));
  const kafka = await startKafka({ dataDir, port, log: () => undefined });
  open.push({ close: async () => { await kafka.stop(); await rm(dataDir, { recursive: true, force: true }); } });
  await waitFor(() => ledger.isDone(sink), { what: 'delivery', timeoutMs: 30_000 });
  await expect(ledger.sum(sink)).resolves.toEqual({ delivered: 100, superseded: 0, attempts: 0 });
  await waitFor(async () => (await delivery())?.status === 'up', { what: 'health to say so of every sink', timeoutMs: 30_000 });
}, 90_000);

test('without KAFKA_BROKERS health says what to set', async () => {
  const { node } = await relay({ kafkaBrokers: '' });
  await expect(node.health.read()).resolves.toMatchObject({ ready: true, parts: { delivery: { status: 'waiting', why: expect.stringContaining('KAFKA_BROKERS') as string } } });
});

test('another partition count than at the first use stops sending and says why, until it fits again', async () => {
  const { topic, sink } = newTopic();
  await createTopic(topic, 7);
  await ledger.pool.query('insert into sink_topic (sink, topic, partitions) values ($1, $2, 20)', [sink, topic]);
  await ledger.insert(sink, 1_024, 100);
  const { node } = await relay({ ordersTopic: topic });
  await waitFor(async () => (await node.health.read()).parts.delivery?.why?.includes('has 7 partitions, but was first used with 20'), { what: 'the reason in health' });
  await expect(ledger.states(sink)).resolves.toEqual({ waiting: 1 });
  await ledger.pool.query('update sink_topic set partitions = 7 where sink = $1', [sink]);
  await waitFor(() => ledger.isDone(sink), { what: 'delivery' });
});

test('F35 two relays that both find the topic missing make it once, and both send', async () => {
  const { topic, sink } = newTopic();
  await Promise.all([relay({ ordersTopic: topic }), relay({ ordersTopic: topic })]);
  await ledger.insert(sink, 1_024, 512, 20);
  await waitFor(() => ledger.isDone(sink), { what: 'delivery', timeoutMs: 20_000 });
});

test('a missing topic that may not be created is named in health', async () => {
  const { topic, sink } = newTopic();
  await ledger.insert(sink, 1_024, 10);
  const { node } = await relay({ ordersTopic: topic, createTopics: false });
  await waitFor(async () => (await node.health.read()).parts.delivery?.why?.includes(`"${topic}" is missing and CREATE_TOPICS is off`), { what: 'the reason in health' });
  await createTopic(topic, 20);
  await waitFor(() => ledger.isDone(sink), { what: 'delivery' });
});

test('starting twice, stopping twice, and stopping before the start are fine; a stopped relay leaves no shard owned', async () => {
  const { topic, sink } = newTopic();
  const { stop, broker, node } = await relay({ ordersTopic: topic });
  await (createPublisher(node) as { stopped(this: unknown): Promise<void> }).stopped();
  const service = broker.getLocalService('publisher');
  const schema = service.schema as { started(this: unknown): Promise<void>; stopped(this: unknown): Promise<void> };
  await schema.started();
  await schema.stopped();
  await schema.stopped();
  await schema.started();
  await ledger.insert(sink, 1_024, 10);
  await waitFor(() => ledger.isDone(sink), { what: 'delivery after the restart' });
  await stop();
  const { rows } = await ledger.pool.query('select count(*)::int as n from relay_shard where sink = $1 and owner is not null', [sink]);
  expect(rows).toEqual([{ n: 0 }]);
});
