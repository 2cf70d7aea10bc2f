import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { findJava, findKafkaJars } from '../../../../shared/runtime/servers/kafka-programs.ts';
import { clusterId, startKafka } from '../../../../shared/runtime/servers/kafka.ts';
import type { RunningServer } from '../../../../shared/runtime/servers/server-process.ts';
import { ServerUnavailable } from '../../../../shared/runtime/servers/server-unavailable.ts';
import { ownServers } from '../../../helpers/own-servers.ts';
import { createTopicBy } from '../../../helpers/topic-admin.ts';

let dataDir: string;
const servers = ownServers();
const silent = (): void => undefined;
const start = (): Promise<RunningServer> => servers.start(startKafka, { dataDir });
const client = (broker: string): Kafka => new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING, retry: { retries: 2 } });
const endOfTopic = async (broker: string): Promise<string | undefined> => {
  const admin = client(broker).admin();
  await admin.connect();
  try {
    return (await admin.fetchTopicOffsets('kept'))[0]?.high;
  } finally {
    await admin.disconnect();
  }
};
const send = async (broker: string, value: string): Promise<void> => {
  const producer = client(broker).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  try {
    await producer.send({ topic: 'kept', acks: -1, messages: [{ value }] });
  } finally {
    await producer.disconnect();
  }
};
const createTopic = async (broker: string): Promise<void> => {
  const admin = client(broker).admin();
  await admin.connect();
  try {
    await createTopicBy(admin, 'kept', 1);
  } finally {
    await admin.disconnect();
  }
};

beforeEach(async () => {
  dataDir = await servers.folder();
});

test('no name of a cluster begins with "-", which Kafka\'s tool would take for an option', () => {
  for (let first = 0; first < 256; first++) expect(clusterId(Uint8Array.of(first, ...Array<number>(15).fill(255)))).toMatch(/^[A-Za-f][\w-]{21}$/);
});

test('starts without topics of its own making, and keeps its messages over a kill -9 and a server left behind', async () => {
  const first = await start();
  await expect(send(first.url, 'lost')).rejects.toThrow();
  await createTopic(first.url);
  await send(first.url, 'one');
  first.kill('SIGKILL');
  await first.exited;

  const leftBehind = await start();
  await expect(endOfTopic(leftBehind.url)).resolves.toBe('1');
  await send(leftBehind.url, 'two');
  const last = await start();
  await leftBehind.exited;
  await expect(endOfTopic(last.url)).resolves.toBe('2');
});

describe('with nothing at hand', () => {
  let emptyCache: string | undefined;
  beforeEach(() => {
    emptyCache = process.env.SLUICE_CACHE;
    process.env.SLUICE_CACHE = join(dataDir, 'cache');
  });
  afterEach(() => {
    if (emptyCache === undefined) delete process.env.SLUICE_CACHE;
    else process.env.SLUICE_CACHE = emptyCache;
  });

  test('says what was tried and what to do', async () => {
    const found = findKafkaJars(silent, { PATH: dataDir });
    await expect(found).rejects.toBeInstanceOf(ServerUnavailable);
    await expect(found).rejects.toMatchObject({
      what: 'Kafka',
      tried: ['Kafka 4.0 or newer in KAFKA_HOME or on PATH (not found)', 'mvn (not found)'],
      advice: expect.stringContaining('KAFKA_BROKERS') as string,
    });
  });

  test('a KAFKA_HOME that is too old is passed over and named; a fitting one is taken', async () => {
    const jars = join(dataDir, 'libs');
    await mkdir(jars);
    await writeFile(join(jars, 'kafka_2.13-3.9.0.jar'), '');
    await expect(findKafkaJars(silent, { PATH: '', KAFKA_HOME: dataDir })).rejects.toMatchObject({ tried: [`${dataDir} (version 3.9.0)`, 'mvn (not found)'] });
    await rm(join(jars, 'kafka_2.13-3.9.0.jar'));
    await writeFile(join(jars, 'kafka_2.13-4.2.0.jar'), '');
    await expect(findKafkaJars(silent, { PATH: '', KAFKA_HOME: dataDir })).resolves.toBe(jars);
  });

  test('the java of JAVA_HOME comes before that on PATH, if it is new enough', async () => {
    const java = async (home: string, version: string): Promise<string> => {
      const bin = join(dataDir, home, 'bin');
      await mkdir(bin, { recursive: true });
      await writeFile(join(bin, 'java'), `#!/bin/sh\necho 'openjdk version "${version}"' >&2\n`);
      await chmod(join(bin, 'java'), 0o755);
      return bin;
    };
    const onPath = await java('on-path', '21.0.1');
    await java('fitting', '17.0.15');
    await java('old', '11.0.2');
    await expect(findJava(silent, { PATH: onPath, JAVA_HOME: join(dataDir, 'fitting') })).resolves.toBe(join(dataDir, 'fitting', 'bin', 'java'));
    await expect(findJava(silent, { PATH: onPath, JAVA_HOME: join(dataDir, 'old') })).resolves.toBe(join(onPath, 'java'));
  });
});
