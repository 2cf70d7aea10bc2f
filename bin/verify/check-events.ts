import { partitionOfKey } from '../../shared/delivery/murmur2.ts';
import type { ReadMessage, TopicBreach, TopicVerdict } from './check-topic.ts';

/** An event as the ledger has it. */
export interface OwedEvent {
  batchId: string;
  number: number;
  /** It was done before the reading began, and delivered: it must be there. */
  delivered: boolean;
  /** Among the batches that were asked for. */
  inScope: boolean;
  /** Where it lies, as the ledger says; null where it was not acknowledged. */
  place: { partition: number; offset: number } | null;
}

export interface EventCheckOptions {
  topic: string;
  partitions: number;
  /** Partitions whose first messages were removed. */
  truncated: ReadonlySet<number>;
  /** Breaches that are named. */
  most: number;
}

/**
 * Compares the topic of large batches' events with the ledger: every message is noted first, then every event of the ledger
 * is compared, then what is left over is told. Events are few, one for a thousand items or so: all of them are kept in memory.
 */
export class EventCheck {
  readonly breaches: TopicBreach[] = [];
  more = false;
  readonly #o: EventCheckOptions;
  /** By batch and number: where it lay, partition and offset of each coming. */
  readonly #seen = new Map<string, { partition: number; offset: number }[]>();
  readonly #last = new Map<string, number>();
  readonly #verdict: TopicVerdict = { messages: 0, records: 0, duplicates: 0, missing: 0, unknown: 0, expired: 0 };

  constructor(options: EventCheckOptions) {
    this.#o = options;
  }

  /** Takes a message in, in its partition's order. */
  note(message: ReadMessage): void {
    const { topic, partitions } = this.#o;
    this.#verdict.messages += 1;
    const place = { partition: message.partition, offset: Number(message.offset) };
    const named = nameOf(message);
    if (named === undefined) return this.#unknown('message-unreadable', { topic, ...place }, 0, 1);
    const { batchId, number } = named;
    const where = { topic, ...place, batchId };
    const partition = partitionOfKey(batchId, partitions);
    if (partition !== message.partition) this.#tell({ what: 'wrong-partition', where, expected: partition, found: message.partition });
    const last = this.#last.get(batchId) ?? 0;
    if (number < last) this.#tell({ what: 'version-back', where, expected: last, found: number });
    this.#last.set(batchId, Math.max(last, number));
    const known = this.#seen.get(`${batchId}:${number}`);
    if (known === undefined) this.#seen.set(`${batchId}:${number}`, [place]);
    else known.push(place);
    this.#verdict[known === undefined ? 'records' : 'duplicates'] += 1;
  }

  /** Compares an event of the ledger with what was seen. */
  compare({ batchId, number, delivered, inScope, place }: OwedEvent): void {
    const name = `${batchId}:${number}`;
    const seen = this.#seen.get(name);
    this.#seen.delete(name);
    if (!delivered || !inScope) return;
    const partition = partitionOfKey(batchId, this.#o.partitions);
    const where = { batchId, firstIndex: number - 1, sink: `kafka:${this.#o.topic}`, partition };
    if (seen !== undefined && (place === null || seen.some((s) => s.partition === place.partition && s.offset === place.offset))) return;
    if (this.#o.truncated.has(partition)) {
      if (seen === undefined) this.#verdict.expired += 1;
      return;
    }
    if (seen === undefined) this.#verdict.missing += 1;
    this.#tell(seen === undefined ? { what: 'message-missing', where, expected: number, found: 0 } : { what: 'message-elsewhere', where, expected: place?.offset ?? 0, found: seen[0]?.offset ?? 0 });
  }

  /** What no event of the ledger explained; to be called last. */
  finish(): TopicVerdict {
    for (const [name, [place]] of this.#seen) this.#unknown('message-unknown', { topic: this.#o.topic, batchId: name.slice(0, name.indexOf(':')), ...place }, 0, 1);
    return this.#verdict;
  }

  #unknown(what: string, where: TopicBreach['where'], expected: number, found: number): void {
    this.#verdict.unknown += 1;
    this.#tell({ what, where, expected, found });
  }

  #tell(breach: TopicBreach): void {
    if (this.breaches.length < this.#o.most) this.breaches.push(breach);
    else this.more = true;
  }
}

/** What a message is of; undefined if its parts don't say so with one voice. */
function nameOf({ key, eventId, value }: ReadMessage): { batchId: string; number: number } | undefined {
  const match = /^batch:([0-9a-f-]{36}):(\d+)$/.exec(eventId ?? '');
  if (match === null || value === null || match[1] !== key) return undefined;
  const said = { batchId: match[1] as string, number: Number(match[2]) };
  try {
    const body = JSON.parse(value) as { batchId?: unknown; number?: unknown } | null;
    return body?.batchId === said.batchId && body.number === said.number ? said : undefined;
  } catch {
    return undefined;
  }
}
