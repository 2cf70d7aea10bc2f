/**
 * How many messages a second one publisher delivers from a filled ledger, against a bare kafkajs producer that sends the same
 * payloads from memory: one process each, one after the other, same broker, same number of messages and of sends in flight.
 *
 *   node bench/relay.ts [--records 300000] [--slice 500] [--json]
 *
 * POSTGRES_URL and KAFKA_BROKERS are used where they are set (the database must be empty); else servers are started.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import kafkajs, { type Message } from 'kafkajs';
import moleculer from 'moleculer';
import { pino } from 'pino';
import { readSettings } from '../shared/config/load.ts';
import type { Settings } from '../shared/config/settings.ts';
import { connectDatabase } from '../shared/db/connect.ts';
import { migrate } from '../shared/db/migrate.ts';
import { Metrics } from '../shared/metrics/metrics.ts';
import { columnsOf } from '../shared/records/columns.ts';
import { loadKinds } from '../shared/records/load-kinds.ts';
import { compileWire } from '../shared/records/wire.ts';
import { DrainSwitch } from '../shared/runtime/drain-switch.ts';
import { Health } from '../shared/runtime/health.ts';
import { IntakeGate } from '../shared/runtime/intake-gate.ts';
import { KeyRing } from '../shared/access/key-ring.ts';
import type { NodeContext } from '../shared/runtime/node-context.ts';
import { startKafka } from '../shared/runtime/servers/kafka.ts';
import { startPostgres } from '../shared/runtime/servers/postgres.ts';
import { runScript } from './harness/run-script.ts';

/** Distinct messages the bare producer has in memory; it sends them again and again. */
const DISTINCT = 30_000;

interface Figure {
  what: string;
  messages: number;
  seconds: number;
  perSecond: number;
  cpuMicrosPerMessage: number;
}

const { values: options } = parseArgs({ options: { records: { type: 'string', default: '300000' }, slice: { type: 'string', default: '500' }, json: { type: 'boolean', default: false }, part: { type: 'string' } } });
const records = Number(options.records);
const slice = Number(options.slice);

const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
const started: { stop(): Promise<void> }[] = [];
try {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const start = async (given: string | undefined, server: typeof startKafka, name: string): Promise<string> => {
    if (given !== undefined && given !== '') return given;
    const running = await server({ dataDir: join(folder, name), log: say });
    started.push(running);
    return running.url;
  };
  const postgresUrl = await start(process.env.POSTGRES_URL, startPostgres, 'postgres');
  const kafkaBrokers = await start(process.env.KAFKA_BROKERS, startKafka, 'kafka');
  const topic = process.env.ORDERS_TOPIC ?? `bench-${randomUUID()}`;
  const env = { POSTGRES_URL: postgresUrl, KAFKA_BROKERS: kafkaBrokers, ORDERS_TOPIC: topic, LOG_LEVEL: 'warn' };
  const { settings } = readSettings({ ...process.env, ...env });
  if (options.part !== undefined) console.log(JSON.stringify(await run(settings, options.part)));
  else {
    // The producer must be kafkajs as it comes: where the publisher is loaded, it isn't.
    const part = (name: string) => runScript<Figure[]>('relay.ts', ['--part', name, '--records', options.records, '--slice', options.slice], env);
    await createTopic(settings);
    print([...(await part('bare')), ...(await part('publisher'))]);
  }
} finally {
  await Promise.all(started.map((s) => s.stop()));
  await rm(folder, { recursive: true, force: true });
}

/** Each figure twice, and the better one counts: the first warms up both the compiler and the broker. */
async function run(settings: Settings, part: string): Promise<Figure[]> {
  const kinds = await loadKinds('');
  await migrate(settings.postgresUrl, kinds, settings);
  const database = await connectDatabase(settings.postgresUrl, kinds, { ...settings, statementTimeout: 0, transactionTimeout: 0 }, { max: settings.relayPool, applicationName: 'sluice bench' });
  const sink = `kafka:${settings.ordersTopic}`;
  const payloads = await examplePayloads(settings, kinds[0] ?? fail('no record kind'), database);
  const round = async (no: number): Promise<Figure[]> => {
    if (part === 'bare') return [await bareProducer(settings, payloads, false), await bareProducer(settings, payloads, true)];
    await fillLedger(database, settings, sink, 1_024 + no * Math.ceil((records + 1_024) / 1_024) * 1_024);
    return [await publisher(settings, kinds, database, sink)];
  };
  try {
    const first = await round(0);
    const second = await round(1);
    return first.map((figure, i) => (figure.perSecond > (second[i]?.perSecond ?? 0) ? figure : (second[i] ?? figure)));
  } finally {
    await database.close();
  }
}

async function createTopic(settings: Settings): Promise<void> {
  const admin = client(settings).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: settings.ordersTopic, numPartitions: settings.kafkaPartitions, replicationFactor: settings.kafkaReplication }] });
  await admin.disconnect();
}

function client(settings: Settings) {
  return new kafkajs.Kafka({ clientId: 'bench', brokers: settings.kafkaBrokers.split(','), logLevel: kafkajs.logLevel.NOTHING });
}

/** Records as the migrated table holds them, and ledger rows that owe them to the sink, by plain SQL. */
async function fillLedger(database: Awaited<ReturnType<typeof connectDatabase>>, settings: Settings, sink: string, firstId: number): Promise<void> {
  await database.pool.query(
    `insert into execution (id, execution_status, trade_type, destination, security_id, quantity, limit_price, received_timestamp, trade_service_execution_id)
     select id, 'NEW', 'BUY', 'NYSE', lpad(id::text, 24, 'S'), 100.5, 12.25, now(), id from generate_series($1::int8, $2::int8) id`, [firstId, firstId + records - 1]);
  await database.pool.query(
    `insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state)
     select $1, n * $3, 'insert', $2, 'execution', $3, (($4 + n * $3) / 1024) % $6, $4 + n * $3, 1, $3, 0, 'bench', 'waiting' from generate_series(0, $5 - 1) n`,
    [randomUUID(), sink, slice, firstId, Math.floor(records / slice), settings.shards]);
  await database.pool.query('vacuum analyze execution');
}

/** The same key, value and headers that the publisher makes. */
async function examplePayloads(settings: Settings, kind: Awaited<ReturnType<typeof loadKinds>>[number], database: Awaited<ReturnType<typeof connectDatabase>>): Promise<Message[]> {
  const wire = compileWire(kind, columnsOf(database.orm, kind));
  return Array.from({ length: DISTINCT }, (_, i): Message => {
    const id = 100_000 + i;
    const row = { id, executionStatus: 'NEW', tradeType: 'BUY', destination: 'NYSE', securityId: String(id).padStart(24, 'S'), quantity: '100.50000000', limitPrice: '12.25000000', receivedTimestamp: new Date().toISOString(), tradeServiceExecutionId: id, quantityFilled: '0.00000000', averagePrice: null, version: 1 };
    return {
      key: String(id),
      value: wire.kafka(row, null),
      headers: { ce_id: `execution:${id}:1`, ce_source: `urn:sluice:${settings.namespace}`, ce_type: 'sluice.execution.insert', ce_specversion: '1.0', ce_time: new Date().toISOString(), 'content-type': 'application/json' },
    };
  });
}

/** @param partitioned whether the partitions are known before, or kafkajs finds them, as it does for a bare producer */
async function bareProducer(settings: Settings, payloads: readonly Message[], partitioned: boolean): Promise<Figure> {
  const partition = kafkajs.Partitioners.DefaultPartitioner();
  const partitionMetadata = Array.from({ length: settings.kafkaPartitions }, (_, partitionId) => ({ partitionErrorCode: 0, partitionId, leader: 1, replicas: [1], isr: [1] }));
  const messages = partitioned ? payloads.map((message) => ({ ...message, partition: partition({ topic: settings.ordersTopic, partitionMetadata, message }) })) : payloads;
  const producer = client(settings).producer({ allowAutoTopicCreation: false, createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  let next = 0;
  const worker = async () => {
    while (next < records) {
      const count = Math.min(settings.relayBatchMessages, records - next);
      const at = next % DISTINCT;
      next += count;
      await producer.send({ topic: settings.ordersTopic, acks: -1, messages: messages.slice(at, at + count) });
    }
  };
  const figure = await measure(partitioned ? 'bare kafkajs producer, partitions known' : 'bare kafkajs producer', () => Promise.all(Array.from({ length: settings.relaySendsInFlight }, worker)));
  await producer.disconnect();
  return figure;
}

async function publisher(settings: Settings, kinds: Awaited<ReturnType<typeof loadKinds>>, database: Awaited<ReturnType<typeof connectDatabase>>, sink: string): Promise<Figure> {
  const { createPublisher } = await import('../services/publisher/publisher.service.ts');
  const broker = new moleculer.ServiceBroker({ nodeID: `bench-${randomUUID()}`, logger: false });
  const node: NodeContext = { nodeId: broker.nodeID, services: ['publisher'], settings, live: { look: async () => undefined, stop: async () => undefined }, keys: new KeyRing(), kinds: new Map(kinds.map((k) => [k.name, k])), log: pino({ level: settings.logLevel }), database, metrics: new Metrics(), health: new Health(), gate: new IntakeGate(), breakers: new Map(), drain: new DrainSwitch(), onDrain: [] };
  broker.createService(createPublisher(node));
  const figure = await measure('publisher', async () => {
    await broker.start();
    for (;;) {
      const { rows } = await database.pool.query<{ left: boolean }>(`select exists (select from ledger where sink = $1 and state = 'waiting') as left`, [sink]);
      if (rows[0]?.left !== true) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  await broker.stop();
  return figure;
}

async function measure(what: string, work: () => Promise<unknown>): Promise<Figure> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { what, messages: records, seconds, perSecond: records / seconds, cpuMicrosPerMessage: (user + system) / records };
}

function print(figures: readonly Figure[]): void {
  const bare = figures[0]?.perSecond ?? NaN;
  const rows = figures.map((f) => ({ ...f, ratio: f.perSecond / bare }));
  if (options.json) {
    console.log(JSON.stringify({ records, slice, figures: rows }));
    return;
  }
  console.log(`${records} records in slices of ${slice}; ratio: against the bare producer`);
  console.table(rows.map((r) => ({ what: r.what, 'messages/s': Math.round(r.perSecond), 'CPU us/message': Number(r.cpuMicrosPerMessage.toFixed(1)), ratio: Number(r.ratio.toFixed(2)) })));
}

function fail(message: string): never {
  throw new Error(message);
}
