import './kafka-encoder.ts';
import kafkajs, { type Admin, type Kafka, type LogEntry, type Producer } from 'kafkajs';
import type { Settings } from '../../shared/config/settings.ts';
import { kafkaOptions, type KafkaReach } from '../../shared/secure/kafka-options.ts';
import type { Logger } from '../../shared/runtime/log.ts';

/** Longest time to open a connection, in ms; with a request's limit it stays below the rest of a shard whose owner vanished. */
const CONNECTION_TIMEOUT_MS = 1_500;

export type KafkaSettings = Pick<Settings, 'kafkaBrokers' | 'kafkaRequestTimeout' | 'namespace'> & KafkaReach;

/**
 * A client that tries nothing twice: the ledger decides what is tried again, and kafkajs' own tries on top would only add
 * duplicates and minutes (F33). The bound stands on the client, for only there kafkajs heeds it when a broker is dead.
 */
export function kafkaClient(settings: KafkaSettings, clientId: string, log: Logger): Kafka {
  quietNegativeTimeouts();
  return new kafkajs.Kafka({
    clientId,
    brokers: settings.kafkaBrokers.split(','),
    ...kafkaOptions(settings),
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: settings.kafkaRequestTimeout,
    enforceRequestTimeout: true,
    retry: { retries: 0, initialRetryTime: 50, maxRetryTime: 200 },
    logLevel: kafkajs.logLevel.INFO,
    // What kafkajs reports as an error is reported by whoever asked it too, with more sense; here it only helps to look closer.
    logCreator: () => (entry: LogEntry) => log.debug({ namespace: entry.namespace, broker: entry.log.broker as unknown }, entry.log.message),
  });
}

/** A producer that takes the partition it is told, and waits for all replicas in sync. */
export function plainProducer(kafka: Kafka): Producer {
  return kafka.producer({
    allowAutoTopicCreation: false,
    metadataMaxAge: 60_000,
    createPartitioner: () => ({ message }) => {
      if (message.partition === undefined) throw new Error('a message came without its partition');
      return message.partition;
    },
  });
}

/** Runs `work` with an administrator's connection of its own. */
export async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

let quieted = false;

/** kafkajs sets timers with negative times, and Node 24 warns of each; they run at once, as kafkajs means it. */
export function quietNegativeTimeouts(): void {
  if (quieted) return;
  quieted = true;
  const emit = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = ((...args: unknown[]) => {
    if (args[1] !== 'TimeoutNegativeWarning') emit(...args);
  }) as typeof process.emitWarning;
}
