import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { connect } from 'node:net';
import { assertPortFree, freePorts } from './free-port.ts';
import { findJava, findKafkaJars } from './kafka-programs.ts';
import { runCommand } from './run-command.ts';
import { spawnServer, stopLeftover, waitUntilReady } from './server-process.ts';
import type { RunningServer, StartOptions } from './server-process.ts';

const NAME = 'Kafka';
const STOP_SIGNAL = 'SIGTERM';
const READY_TIMEOUT_MS = 60_000;
const FORMAT_TIMEOUT_MS = 60_000;
/** For a small broker that starts fast: 2.3 s to ready and 340 MB. */
const JVM_OPTIONS = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true'];

/** A further listener, for clients that are to come by way of something that stands before it, such as a proxy. */
export interface KafkaWire {
  /** Where the broker listens on 127.0.0.1. */
  port: number;
  /** Where clients of this listener are told to go. */
  advertisedPort: number;
  /** Users with their passwords who alone may come. */
  users?: Readonly<Record<string, string>>;
  /** How they show who they are; SASL plain where nothing is said. Users of SCRAM are those of the first start in this folder. */
  mechanism?: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  /** Spoken over TLS: paths of a certificate and its key, as PEM (PKCS 8). */
  tls?: { cert: string; key: string };
}

/**
 * Starts Apache Kafka, broker and controller in one, on 127.0.0.1 and resolves when it answers; `url` is its `host:port`. Topics are
 * kept in `dataDir` and used again. Fails with ServerUnavailable where Kafka or Java can neither be found nor fetched.
 */
export async function startKafka(options: StartOptions & { wires?: readonly KafkaWire[] }): Promise<RunningServer> {
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const leftover = await stopLeftover(dataDir, STOP_SIGNAL);
  if (leftover) options.log(`Stopped a Kafka that an earlier run had left behind (process ${leftover}).`);
  const [java, jars] = await Promise.all([findJava(options.log), findKafkaJars(options.log)]);
  // A port that was asked for is free until Kafka has it, and could be handed out for another use.
  const taken = [options.port, ...(options.wires ?? []).map((wire) => wire.port)];
  const [free, controllerPort] = (await freePorts(2 + taken.length)).filter((one) => !taken.includes(one)) as [number, number];
  const port = options.port ?? free;
  await assertPortFree(port, NAME);
  const topics = join(dataDir, 'topics');
  const configFile = join(dataDir, 'server.properties');
  const wires = options.wires ?? [];
  const keys = await Promise.all(wires.map(async ({ tls }, i) => (tls === undefined ? undefined : keyStore(tls, join(dataDir, `wire${i}.pem`)))));
  await writeFile(configFile, configuration(port, controllerPort, topics, wires, keys), { mode: 0o600 });
  const runJava = (mainClass: string, args: string[]): string[] => [...JVM_OPTIONS, '-cp', join(jars, '*'), mainClass, ...args];
  if (!(await isFormatted(topics))) {
    // What a format that was killed left behind holds no record yet.
    await rm(topics, { recursive: true, force: true });
    await runCommand(java, runJava('kafka.tools.StorageTool', ['format', '-t', clusterId(randomBytes(16)), '-c', configFile, ...wires.flatMap(scramUsers)]), { timeoutMs: FORMAT_TIMEOUT_MS });
  }
  const server = await spawnServer({ name: NAME, command: java, args: runJava('kafka.Kafka', [configFile]), dataDir, stopSignal: STOP_SIGNAL, onSpawn: options.onSpawn });
  await waitUntilReady(NAME, server, () => knowsABroker(port), READY_TIMEOUT_MS);
  return { ...server, name: NAME, url: `127.0.0.1:${port}`, port, stopSignal: STOP_SIGNAL };
}

/**
 * The name of a new cluster, of 16 random bytes. None begins with "-", as one in 64 would: Kafka's tool would take it for an
 * option, and not format.
 */
export function clusterId(random: Uint8Array): string {
  return Buffer.from([(random[0] ?? 0) & 0x7f, ...random.subarray(1)]).toString('base64url');
}

/** The controller's voters are named in the file and not in the data, so that its port may change from start to start. */
function configuration(port: number, controllerPort: number, topics: string, wires: readonly KafkaWire[], keys: readonly (string | undefined)[]): string {
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    listeners: [`PLAINTEXT://127.0.0.1:${port}`, `CONTROLLER://127.0.0.1:${controllerPort}`, ...wires.map((wire, i) => `WIRE${i}://127.0.0.1:${wire.port}`)].join(','),
    'advertised.listeners': [`PLAINTEXT://127.0.0.1:${port}`, ...wires.map((wire, i) => `WIRE${i}://127.0.0.1:${wire.advertisedPort}`)].join(','),
    'listener.security.protocol.map': ['PLAINTEXT:PLAINTEXT', 'CONTROLLER:PLAINTEXT', ...wires.map((wire, i) => `WIRE${i}:${protocolOf(wire)}`)].join(','),
    'log.dirs': topics,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    ...Object.assign({}, ...wires.map((wire, i) => ({ ...saslOf(`wire${i}`, wire), ...tlsOf(`wire${i}`, keys[i]) }))) as Record<string, string>,
  };
  return Object.entries(settings).map(([name, value]) => `${name}=${String(value)}\n`).join('');
}

function protocolOf({ users, tls }: KafkaWire): string {
  return `${users === undefined ? '' : 'SASL_'}${tls === undefined ? 'PLAINTEXT' : 'SSL'}`;
}

function saslOf(listener: string, { users, mechanism = 'PLAIN' }: KafkaWire): Record<string, string> {
  if (users === undefined) return {};
  const isPlain = mechanism === 'PLAIN';
  const known = isPlain ? Object.entries(users).map(([name, password]) => ` user_${name}="${password}"`).join('') : '';
  return {
    [`listener.name.${listener}.sasl.enabled.mechanisms`]: mechanism,
    [`listener.name.${listener}.${mechanism.toLowerCase()}.sasl.jaas.config`]: `org.apache.kafka.common.security.${isPlain ? 'plain.Plain' : 'scram.Scram'}LoginModule required${known};`,
  };
}

/** What the format is told of users whose keys Kafka itself stores. */
function scramUsers({ users = {}, mechanism = 'PLAIN' }: KafkaWire): string[] {
  if (mechanism === 'PLAIN') return [];
  return Object.entries(users).flatMap(([name, password]) => ['--add-scram', `${mechanism}=[name=${name},password=${password}]`]);
}

function tlsOf(listener: string, keyStorePath: string | undefined): Record<string, string> {
  if (keyStorePath === undefined) return {};
  return { [`listener.name.${listener}.ssl.keystore.type`]: 'PEM', [`listener.name.${listener}.ssl.keystore.location`]: keyStorePath };
}

/** Kafka wants key and certificate in one file. */
async function keyStore({ cert, key }: NonNullable<KafkaWire['tls']>, path: string): Promise<string> {
  await writeFile(path, `${await readFile(key, 'utf8')}${await readFile(cert, 'utf8')}`, { mode: 0o600 });
  return path;
}

async function isFormatted(topics: string): Promise<boolean> {
  const properties = await readFile(join(topics, 'meta.properties'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  // The bootstrap checkpoint is written beside it, before; the cluster id is what a broker cannot start without.
  return properties.includes('cluster.id=');
}

/**
 * Whether the broker answers a metadata request (key 3, version 4, no topics) and counts itself in. It accepts connections before it
 * does, and until then clients get errors.
 */
function knowsABroker(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      const request = Buffer.alloc(19);
      request.writeInt32BE(15, 0); // bytes that follow
      request.writeInt16BE(3, 4); // metadata
      request.writeInt16BE(4, 6); // version
      request.writeInt32BE(1, 8); // correlation
      request.writeInt16BE(-1, 12); // no client id
      request.writeInt32BE(0, 14); // no topics
      request.writeInt8(0, 18); // create none
      socket.write(request);
    });
    let answer = Buffer.alloc(0);
    const finish = (ready: boolean): void => {
      socket.destroy();
      done(ready);
    };
    socket.setTimeout(2_000, () => finish(false));
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
    socket.on('data', (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      // size, correlation, throttle time, then the number of brokers
      if (answer.length >= 16) finish(answer.readInt32BE(12) > 0);
    });
  });
}
