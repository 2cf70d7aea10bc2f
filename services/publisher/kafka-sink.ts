import type { Kafka, Message, Producer } from 'kafkajs';
import type { Settings } from '../../shared/config/settings.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';
import type { RecordRow } from '../../shared/records/record-kind.ts';
import type { Wire } from '../../shared/records/wire.ts';
import { addRun, LEASE_OVER, sendBisecting } from './bisect-batch.ts';
import { kafkaClient, plainProducer, withAdmin } from './kafka-client.ts';
import { classifyKafkaError, isTooLarge } from './kafka-errors.ts';
import type { LedgerRow } from './ledger-row.ts';
import { partitionOfKey } from '../../shared/delivery/murmur2.ts';
import type { Evidence, Outgoing, PartitionResult, PartitionSend, Sink, SinkCheck, SinkFailure } from './sink.ts';
import { bytesOf, cutPieces, SizeLimit, type Piece } from './size-limit.ts';
import { ensureTopic, LedgerAway, type TopicTools } from './topics.ts';

/** What a record batch takes per message beside key and value: the headers' names and values, lengths, offsets. */
const OVERHEAD_BYTES = 260;
/** A send's own margin over the request's limit: opening a connection, and a busy event loop. */
const SETTLE_MARGIN_MS = 2_000;

export interface KafkaSinkOptions extends TopicTools {
  name: string;
  topic: string;
  clientId: string;
  settings: Settings;
  /** How records of each kind are written. */
  wires: ReadonlyMap<string, Wire>;
  /** Kinds whose messages are events: each change has an id of its own, whatever the record has become since. */
  events: ReadonlySet<string>;
  metrics: Metrics;
}

/** Delivery to one topic through kafkajs. */
export class KafkaSink implements Sink {
  readonly name: string;
  readonly cluster = 'kafka';
  readonly maxMessages: number;
  readonly maxPartitionBytes: number;
  readonly settledAfterMs: number;
  readonly #o: KafkaSinkOptions;
  readonly #kafka: Kafka;
  readonly #source: string;
  readonly #headers = new WeakMap<LedgerRow, Record<string, Buffer>>();
  /** What the topic takes at a time. */
  readonly #size = new SizeLimit();
  #producer: Producer | undefined;
  #partitions = 0;

  constructor(options: KafkaSinkOptions) {
    const { settings } = options;
    this.#o = options;
    this.name = options.name;
    this.maxMessages = settings.relayBatchMessages;
    this.maxPartitionBytes = settings.relayPartitionBytes;
    this.settledAfterMs = settings.kafkaRequestTimeout + SETTLE_MARGIN_MS;
    this.#kafka = kafkaClient(settings, options.clientId, options.log);
    this.#source = `urn:sluice:${settings.namespace}`;
  }

  async check(): Promise<SinkCheck> {
    try {
      const found = await withAdmin(this.#kafka, (admin) => ensureTopic(admin, this.name, this.#o.topic, this.#o));
      if ('failure' in found) return { ready: false, failure: found.failure };
      this.#partitions = found.partitions;
      this.#producer ??= await this.#connect();
      return { ready: true };
    } catch (error) {
      if (error instanceof LedgerAway) return { ready: false, failure: { class: 'configuration', code: 'ledger-away', message: error.message, unsettled: false } };
      return { ready: false, failure: classifyKafkaError(error) };
    }
  }

  partitionOf(id: number, row: Pick<LedgerRow, 'key'>): number {
    return partitionOfKey(row.key ?? String(id), this.#partitions);
  }

  /** Headers are CloudEvents' Kafka binding, binary mode (CloudEvents 1.0.2). */
  message(row: LedgerRow, id: number, record: RecordRow, sentAt: string | null): Outgoing {
    // An event about a record has no version of its own: its source says which submission it is of (CloudEvents 1.0.2: source and id together are unique).
    if (row.event !== null && row.op === 'event' && row.key === null) return this.#told(row, id, row.event.payload, { ...this.#headersOf(row), ce_id: `${row.kind}:${id}:${row.version}`, ce_source: `${this.#source}:submission:${row.batchId}` });
    if (row.event !== null) return this.#told(row, id, row.event.payload, { ce_id: `${row.kind}:${row.key ?? id}:${row.version}`, ...this.#headersOf(row) });
    const wire = this.#o.wires.get(row.kind);
    if (wire === undefined) throw new Error(`no wire for kind ${row.kind}`);
    const value = wire.kafka(record, sentAt);
    const version = this.#o.events.has(row.kind) ? row.version : (record.version as number);
    const headers = { ce_id: `${row.kind}:${id}:${String(version)}`, ...this.#headersOf(row) };
    return this.#told(row, id, value, headers);
  }

  evidence(message: Outgoing, partition: number): Evidence {
    const { value, headers } = message.payload as Message;
    return { topic: this.#o.topic, partition, payload: String(value), headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)])) };
  }

  kept(row: LedgerRow, id: number, { payload, headers }: Pick<Evidence, 'payload' | 'headers'>): Outgoing {
    return this.#told(row, id, payload, headers ?? {});
  }

  #told(row: LedgerRow, id: number, value: string, headers: Message['headers']): Outgoing {
    const message: Message = { key: row.key ?? String(id), value, headers: headers ?? {}, partition: this.partitionOf(id, row) };
    return { id, bytes: Buffer.byteLength(value) + OVERHEAD_BYTES, isEvent: this.#o.events.has(row.kind), payload: message };
  }

  /** The headers that all messages of a ledger row share, as bytes: they are encoded once instead of for each message. */
  #headersOf(row: LedgerRow): Record<string, Buffer> {
    const known = this.#headers.get(row);
    if (known !== undefined) return known;
    const headers: Record<string, Buffer> = {
      ce_source: Buffer.from(this.#source),
      ce_type: Buffer.from(`sluice.${row.kind}.${row.event?.type ?? row.op}`),
      ce_specversion: Buffer.from('1.0'),
      ce_time: Buffer.from(row.at),
      'content-type': Buffer.from('application/json'),
      ...(row.trace === null ? {} : { traceparent: Buffer.from(row.trace) }),
    };
    this.#headers.set(row, headers);
    return headers;
  }

  async send(groups: readonly PartitionSend[], mayGoOn: () => boolean): Promise<PartitionResult[]> {
    const sizes: Sizes = { taken: 0, refused: [] };
    const most = this.#size.most(performance.now());
    const lots = groups.map((group): Lot => ({ group, left: cutPieces(group.messages, most), result: { partition: group.partition, acked: [], refused: [] } }));
    for (let open = lots, first = true; open.length > 0; open = lots.filter(({ left, result }) => left.length > 0 && result.failure === undefined), first = false) {
      if (!first && !mayGoOn()) {
        for (const { result } of open) result.failure = LEASE_OVER;
        break;
      }
      // The next piece of each partition, in one request to each broker concerned.
      const outcome = await this.#produce(open.flatMap(({ group, left: [next] }) => (next === undefined ? [] : group.messages.slice(next.from, next.to + 1))));
      if ('bases' in outcome) {
        for (const lot of open) acknowledged(lot, outcome.bases, sizes);
        continue;
      }
      const { failure } = outcome;
      if (isTooLarge(failure)) this.#o.metrics.count('relay_too_large_total', { sink: this.name });
      if (failure.class === 'cluster') await this.#reconnect();
      if (failure.class === 'cluster' || failure.class === 'configuration') for (const { result } of open) result.failure = failure;
      // A broker refused something of this send, and kafkajs doesn't say what: partition by partition it shows (F36).
      else await Promise.all(open.map((lot) => this.#sendAlone(lot, mayGoOn, open.length === 1 ? failure : undefined, sizes)));
      break;
    }
    this.#size.saw(sizes, performance.now());
    return lots.map(({ result }) => result);
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.disconnect();
  }

  /** What is left of a partition, in requests of its own. */
  async #sendAlone({ group, left, result }: Lot, mayGoOn: () => boolean, failure: SinkFailure | undefined, sizes: Sizes): Promise<void> {
    const saw = (piece: Piece, refusal?: SinkFailure) => {
      const bytes = bytesOf(group.messages, piece);
      if (refusal === undefined) sizes.taken = Math.max(sizes.taken, bytes);
      else if (isTooLarge(refusal) && piece.to > piece.from) sizes.refused.push(bytes);
    };
    if (left[0] !== undefined && failure !== undefined) saw(left[0], failure);
    const produce = async (from: number, to: number) => {
      const outcome = await this.#produce(group.messages.slice(from, to + 1));
      saw({ from, to }, 'failure' in outcome ? outcome.failure : undefined);
      if ('failure' in outcome && isTooLarge(outcome.failure)) this.#o.metrics.count('relay_too_large_total', { sink: this.name });
      if ('failure' in outcome) return outcome;
      return { base: outcome.bases.get(group.partition) ?? 0 };
    };
    const alone = await sendBisecting(group, produce, mayGoOn, failure, left);
    for (const run of alone.acked) addRun(result.acked, run);
    result.refused.push(...alone.refused);
    if (alone.failure !== undefined) result.failure = alone.failure;
  }

  /** One request to each broker concerned. Never rejects. */
  async #produce(messages: readonly Outgoing[]): Promise<{ bases: Map<number, number> } | { failure: SinkFailure }> {
    try {
      this.#producer ??= await this.#connect();
      const answer = await this.#producer.send({ topic: this.#o.topic, acks: -1, timeout: this.#o.settings.kafkaRequestTimeout, messages: messages.map((m) => m.payload as Message) });
      return { bases: new Map(answer.map((a) => [a.partition, Number(a.baseOffset)])) };
    } catch (error) {
      return { failure: classifyKafkaError(error) };
    }
  }

  async #connect(): Promise<Producer> {
    const producer = plainProducer(this.#kafka);
    await producer.connect();
    return producer;
  }

  /** After the cluster was away a new producer is made: what the old one had pending ends with it. */
  async #reconnect(): Promise<void> {
    const old = this.#producer;
    this.#producer = undefined;
    await old?.disconnect().catch((error: unknown) => this.#o.log.debug({ err: error }, 'a producer without cluster was let go'));
  }
}

/** A partition's messages on their way: what is still to be sent, in pieces, and what became of the rest. */
interface Lot {
  group: PartitionSend;
  left: Piece[];
  result: PartitionResult;
}

interface Sizes {
  taken: number;
  refused: number[];
}

function acknowledged({ group, left, result }: Lot, bases: ReadonlyMap<number, number>, sizes: Sizes): void {
  const piece = left.shift();
  if (piece === undefined) return;
  const base = bases.get(group.partition);
  if (base === undefined) {
    result.failure = { class: 'partition', code: 'no-answer', message: 'The broker did not answer for this partition.', unsettled: true };
    return;
  }
  addRun(result.acked, { ...piece, base });
  sizes.taken = Math.max(sizes.taken, bytesOf(group.messages, piece));
}
