import type { Message, Producer } from 'kafkajs';
import { MARK_MIRRORED, UNMIRRORED_LETTERS } from '../../shared/db/queries/dead-letter-mirror.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import type { Settings } from '../../shared/config/settings.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';
import { every, type Loop } from '../../shared/runtime/every.ts';
import { backoffMs } from './backoff.ts';
import type { Breaker } from '../../shared/runtime/breaker.ts';
import { kafkaClient, plainProducer, withAdmin } from './kafka-client.ts';
import { classifyKafkaError } from './kafka-errors.ts';
import { partitionOfKey } from '../../shared/delivery/murmur2.ts';
import type { ShardLeases } from './shard-leases.ts';
import { ensureTopic, type TopicTools } from './topics.ts';

const LOOK_MS = 500;
const MOST_AT_ONCE = 100;

export interface MirrorOptions extends TopicTools {
  /** Name of the sink whose dead letters these are. */
  sink: string;
  /** The sink's own topic. */
  topic: string;
  clientId: string;
  leases: ShardLeases;
  breaker: Breaker;
  settings: Settings;
  metrics: Metrics;
  now: () => number;
  random: () => number;
}

/** A dead letter as UNMIRRORED_LETTERS answers it. */
interface LetterRow {
  id: number;
  message: Message;
}

/**
 * Copies dead letters to `<topic>.dlq`, with the cause in headers, when Kafka can take them. The table stays the truth: a copy
 * that can't be made is made later, and one whose mark was lost is made twice. Mirrors the letters of the shards this relay owns.
 */
export class DeadLetterMirror {
  readonly #o: MirrorOptions;
  readonly #looks: Loop;
  #open: { producer: Producer; partitions: number } | undefined;
  #failures = 0;
  #notBefore = 0;

  constructor(options: MirrorOptions) {
    this.#o = options;
    this.#looks = every(LOOK_MS, () => this.#mirror(), (error) => this.#failed(error));
  }

  start(): void {
    this.#looks.start();
  }

  async stop(): Promise<void> {
    await this.#looks.stop();
    await this.#close();
  }

  async #mirror(): Promise<void> {
    const { sink, leases, breaker, metrics, now, pool, settings } = this.#o;
    if (breaker.state !== 'closed' || now() < this.#notBefore || leases.owned.length === 0) return;
    const rows = await runStatement(pool, UNMIRRORED_LETTERS, [sink, leases.owned.map((s) => s.shard), MOST_AT_ONCE], settings.statementTimeout);
    if (rows.length === 0) return;
    const { producer, partitions } = (this.#open ??= await this.#connect());
    const letters = rows.map((row) => readLetter(row, partitions));
    await this.#send(producer, letters);
    await runStatement(pool, MARK_MIRRORED, [letters.map((l) => l.id)], settings.statementTimeout);
    metrics.count('relay_mirrored_total', { sink }, letters.length);
    this.#failures = 0;
  }

  /** All at once; where something of it is refused, one by one, and what is refused alone goes without its payload. */
  async #send(producer: Producer, letters: readonly LetterRow[]): Promise<void> {
    const send = (messages: Message[]) => producer.send({ topic: this.#dlq, acks: -1, timeout: this.#o.settings.kafkaRequestTimeout, messages });
    const refusedBatch = (error: unknown) => {
      if (classifyKafkaError(error).class !== 'record-batch') throw error;
      return 'refused' as const;
    };
    if ((await send(letters.map((l) => l.message)).catch(refusedBatch)) !== 'refused') return;
    for (const { id, message } of letters) {
      if ((await send([message]).catch(refusedBatch)) !== 'refused') continue;
      this.#o.log.warn({ sink: this.#o.sink, deadLetter: id }, 'a dead letter is too large for its mirror: it is mirrored without its payload, which stays in the table');
      await send([{ ...message, value: JSON.stringify({ deadLetter: id, payload: 'left out: too large' }) }]);
    }
  }

  get #dlq(): string {
    return `${this.#o.topic}.dlq`;
  }

  /** @throws when the topic can't be had */
  async #connect(): Promise<{ producer: Producer; partitions: number }> {
    const { settings, clientId, log, sink } = this.#o;
    const kafka = kafkaClient(settings, `${clientId}-dlq`, log);
    const found = await withAdmin(kafka, (admin) => ensureTopic(admin, `${sink}.dlq`, this.#dlq, this.#o));
    if ('failure' in found) throw new Error(found.failure.message);
    const producer = plainProducer(kafka);
    await producer.connect();
    return { producer, partitions: found.partitions };
  }

  #failed(error: unknown): void {
    const { settings, random, now, log, sink } = this.#o;
    this.#failures += 1;
    this.#notBefore = now() + backoffMs(this.#failures, settings, random());
    log.warn({ err: error, sink }, 'dead letters could not be mirrored; they are safe in the table, and it is tried again');
    void this.#close();
  }

  async #close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.producer.disconnect().catch((error: unknown) => this.#o.log.debug({ err: error }, 'the producer of the mirror was let go'));
  }
}

/** Key, payload and headers as they were sent, and the cause as headers whose names begin with `dlq_`. */
function readLetter(row: readonly unknown[], partitions: number): LetterRow {
  const [id, key, payload, headers, code, failureClass, reason, fingerprint, attempts, firstFailedAt, lastFailedAt, topic, partition] = row;
  const cause = {
    dlq_id: id, dlq_code: code, dlq_class: failureClass, dlq_reason: reason, dlq_fingerprint: fingerprint, dlq_attempts: attempts,
    dlq_first_failed_at: firstFailedAt, dlq_last_failed_at: lastFailedAt, dlq_topic: topic, dlq_partition: partition,
  };
  const texts = Object.fromEntries(Object.entries(cause).map(([name, value]) => [name, String(value as string | number)]));
  return { id: Number(id), message: { key: key as string, value: payload as string, headers: { ...(headers as Record<string, string> | null), ...texts }, partition: partitionOfKey(key as string, partitions) } };
}
