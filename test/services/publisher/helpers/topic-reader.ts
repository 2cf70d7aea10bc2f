import { randomUUID } from 'node:crypto';
import kafkajs, { type Consumer } from 'kafkajs';

/** A message as a consumer sees it. */
export interface Seen {
  partition: number;
  offset: number;
  key: string;
  value: string;
  headers: Record<string, string>;
  id: number;
  /** Of the event id. */
  version: number;
}

/** Reads a topic from its beginning and keeps all it saw. */
export class TopicReader {
  readonly seen: Seen[] = [];
  readonly #versions = new Map<number, number[]>();
  readonly #consumer: Consumer;

  private constructor(brokers: string) {
    const kafka = new kafkajs.Kafka({ clientId: 'test-reader', brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 20, initialRetryTime: 50 } });
    this.#consumer = kafka.consumer({ groupId: `test-${randomUUID()}`, maxWaitTimeInMs: 50 });
  }

  static async open(brokers: string, topic: string): Promise<TopicReader> {
    const reader = new TopicReader(brokers);
    await reader.#consumer.connect();
    await reader.#consumer.subscribe({ topic, fromBeginning: true });
    await reader.#consumer.run({
      eachMessage: async ({ partition, message }) => {
        const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([k, v]) => [k, String(v)]));
        const value = String(message.value);
        const id = Number(message.key);
        const version = Number(headers.ce_id?.split(':')[2]);
        reader.seen.push({ partition, offset: Number(message.offset), key: String(message.key), value, headers, id, version });
        const versions = reader.#versions.get(id);
        if (versions === undefined) reader.#versions.set(id, [version]);
        else versions.push(version);
      },
    });
    return reader;
  }

  /** Versions of each record, in the order they were seen. */
  versions(): ReadonlyMap<number, readonly number[]> {
    return this.#versions;
  }

  close(): Promise<void> {
    return this.#consumer.disconnect();
  }
}

/** Whether no version is followed by an older one: repeats at once are allowed, going back is not. */
export function inOrder(versions: readonly number[]): boolean {
  return versions.every((v, i) => i === 0 || v >= (versions[i - 1] ?? 0));
}
