import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, IHeaders, Kafka, KafkaMessage, PartitionerArgs, Producer } from 'kafkajs';
import type { Settings } from '../../../shared/config/settings.ts';
import { partitionOfKey } from '../../../shared/delivery/murmur2.ts';
import type { RecordKind } from '../../../shared/records/record-kind.ts';
import type { Metrics } from '../../../shared/metrics/metrics.ts';
import type { HealthPart } from '../../../shared/runtime/health.ts';
import { backoffMs } from '../backoff.ts';
import { kafkaClient, withAdmin } from '../kafka-client.ts';
import { classifyKafkaError } from '../kafka-errors.ts';
import { ensureTopic, type TopicTools } from '../topics.ts';
import { answerSteps } from './carry-answer.ts';
import { carryCommand, type CarryTools } from './carry-command.ts';
import { readCommand, type Refusal } from './read-command.ts';

export interface ConsumerOptions extends TopicTools {
  clientId: string;
  settings: Settings;
  metrics: Metrics;
  random: () => number;
  kinds: Iterable<RecordKind>;
  /** Told of each batch that was changed, and of each that had an item answered. */
  onChange: (batchId: string) => void;
  onAnswer: (batchId: string) => void;
}

/** A member that is gone keeps its partitions so long. */
const SESSION_MS = 10_000;
const HEARTBEAT_MS = 1_000;
/** A fetch waits so long for something to come. */
const FETCH_WAIT_MS = 1_000;
const LEAVE_MS = 5_000;
const MOST_REASON = 1_000;
const LEFT_OUT = JSON.stringify({ payload: 'left out: too large' });

/**
 * Takes events for large batches from Kafka, one after the other for each partition. The offset is committed when the event has
 * had its effect, or lies on the dead letter topic with the reason; until then it is tried again, for what fails then is
 * PostgreSQL or Kafka. All relays of a fleet are one group.
 */
export class CommandConsumer {
  readonly #o: ConsumerOptions;
  readonly #tools: CarryTools;
  readonly #kafka: Kafka;
  #running: { done: Promise<void>; stop: AbortController } | undefined;
  #why: string | undefined = 'It has not joined its group yet.';

  constructor(options: ConsumerOptions) {
    const { settings, pool, kinds, random } = options;
    this.#o = options;
    this.#tools = { pool, statementTimeoutMs: settings.statementTimeout, maxParallelism: settings.maxParallelism, steps: answerSteps(kinds), random };
    this.#kafka = kafkaClient(settings, `${options.clientId}-commands`, options.log);
  }

  /** Returns at once: Kafka may be away. */
  start(): void {
    if (this.#running !== undefined) return;
    const stop = new AbortController();
    this.#running = { stop, done: this.#keepConsuming(stop.signal) };
  }

  /** Finishes the event in hand. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.stop.abort();
    await running?.done;
  }

  status(): HealthPart {
    return this.#why === undefined ? { status: 'up' } : { status: 'waiting', why: `Commands for batches wait: ${this.#why}` };
  }

  async #keepConsuming(stop: AbortSignal): Promise<void> {
    for (let failures = 1; !stop.aborted; failures++) {
      try {
        await this.#consume(stop, () => {
          failures = 0;
          this.#why = undefined;
        });
      } catch (error) {
        this.#why = classifyKafkaError(error).message;
        this.#o.log.warn({ err: error, topic: this.#topic }, 'commands for batches cannot be read; they are safe on their topic, and it is tried again');
      }
      await this.#pause(failures, stop);
    }
  }

  /** One membership in the group, until it is stopped. @throws what ended it otherwise */
  async #consume(stop: AbortSignal, onJoin: () => void): Promise<void> {
    await withAdmin(this.#kafka, async (admin) => {
      for (const topic of [this.#topic, this.#dlq]) {
        const found = await ensureTopic(admin, `kafka:${topic}`, topic, this.#o);
        // How many partitions there are is for the senders to say.
        if ('failure' in found && found.failure.code !== 'partition-count') throw new Error(found.failure.message);
      }
    });
    const producer = this.#kafka.producer({ allowAutoTopicCreation: false, createPartitioner: () => partitionOfRefused });
    const consumer = this.#kafka.consumer({
      groupId: `${this.#o.settings.namespace}.batch-commands`, sessionTimeout: SESSION_MS, rebalanceTimeout: SESSION_MS, heartbeatInterval: HEARTBEAT_MS, maxWaitTimeInMs: FETCH_WAIT_MS, allowAutoTopicCreation: false,
      retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 2_000, restartOnFailure: () => Promise.resolve(false) },
    });
    try {
      await producer.connect();
      await consumer.connect();
      await consumer.subscribe({ topic: this.#topic, fromBeginning: true });
      consumer.on('consumer.group_join', onJoin);
      await new Promise<void>((resolve, reject) => {
        stop.addEventListener('abort', () => resolve(), { once: true });
        if (stop.aborted) resolve();
        consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
        consumer.run({ autoCommit: false, eachBatch: (payload) => this.#carryOut(payload, consumer, producer, stop) }).catch(reject);
      });
    } finally {
      // A cluster that is away does not let go; the session ends by itself.
      await Promise.race([Promise.allSettled([consumer.disconnect(), producer.disconnect()]), new Promise((resolve) => setTimeout(resolve, LEAVE_MS).unref())]);
    }
  }

  async #carryOut(payload: EachBatchPayload, consumer: Consumer, producer: Producer, stop: AbortSignal): Promise<void> {
    const { batch } = payload;
    for (const message of batch.messages) {
      for (let failures = 1; ; failures++) {
        if (stop.aborted || !payload.isRunning() || payload.isStale()) return;
        try {
          await this.#one(batch.partition, message, producer);
          break;
        } catch (error) {
          this.#o.log.warn({ err: error, topic: this.#topic, partition: batch.partition, offset: message.offset }, 'a command for a batch could not be carried out; it is tried again');
          await this.#pause(failures, stop);
          await payload.heartbeat();
        }
      }
      payload.resolveOffset(message.offset);
      await consumer.commitOffsets([{ topic: this.#topic, partition: batch.partition, offset: String(BigInt(message.offset) + 1n) }]);
      await payload.heartbeat();
    }
  }

  /** @throws what PostgreSQL or Kafka failed with */
  async #one(partition: number, message: KafkaMessage, producer: Producer): Promise<void> {
    const { metrics, log } = this.#o;
    const read = readCommand({ topic: this.#topic, partition, offset: message.offset, value: message.value, eventId: message.headers?.ce_id?.toString() });
    const carried = 'command' in read ? await carryCommand(read.command, this.#tools) : { outcome: 'refused' as const, ...read };
    if (carried.outcome === 'refused') {
      await this.#refuse(partition, message, carried, producer);
      log.warn({ topic: this.#topic, partition, offset: message.offset, code: carried.code }, 'a command for a batch was refused');
    } else if (carried.outcome === 'done' && 'command' in read) {
      const { type, batchId } = read.command;
      if (type === 'ItemProcessingCompleted') this.#o.onAnswer(batchId);
      else this.#o.onChange(batchId);
    }
    metrics.count('relay_commands_total', { type: 'command' in read ? read.command.type : 'unreadable', outcome: carried.outcome });
  }

  /**
   * Puts it on the dead letter topic as it came, with the cause as the mirror of dead letters tells it. What the cause makes too
   * large goes without its value; if that is too little, without its key and headers too: else it would come again for ever.
   */
  async #refuse(partition: number, { key, value, headers, offset }: KafkaMessage, { code, reason }: Refusal, producer: Producer): Promise<void> {
    const cause: IHeaders = { dlq_code: code, dlq_reason: reason.toWellFormed().slice(0, MOST_REASON), dlq_topic: this.#topic, dlq_partition: String(partition), dlq_offset: offset };
    const copies = [{ key, value, headers: { ...headers, ...cause } }, { key, value: LEFT_OUT, headers: { ...headers, ...cause } }, { key: null, value: LEFT_OUT, headers: cause }];
    for (const [i, copy] of copies.entries()) {
      try {
        await producer.send({ topic: this.#dlq, acks: -1, timeout: this.#o.settings.kafkaRequestTimeout, messages: [copy] });
        return;
      } catch (error) {
        if (i === copies.length - 1 || classifyKafkaError(error).class !== 'record-batch') throw error;
      }
    }
  }

  /** Until the next try, or the stop. */
  async #pause(failures: number, stop: AbortSignal): Promise<void> {
    await sleep(backoffMs(failures, this.#o.settings, this.#o.random()), undefined, { signal: stop }).catch((error: unknown) => {
      if (!stop.aborted) throw error;
    });
  }

  get #topic(): string {
    return this.#o.settings.batchCommandsTopic;
  }

  get #dlq(): string {
    return `${this.#topic}.dlq`;
  }
}

/**
 * The partition that kafkajs would take, without its numbers that grow with the key: one of a megabyte, which anybody may send,
 * would keep the relay from all else for minutes.
 */
function partitionOfRefused({ message, partitionMetadata }: PartitionerArgs): number {
  return partitionOfKey(message.key?.toString('latin1') ?? '', partitionMetadata.length);
}
