import { BATCH_KIND } from '../../shared/batches/batch-events.ts';
import { partitionOfKey } from '../../shared/delivery/murmur2.ts';
import type { ReadMessage, TopicBreach, TopicVerdict } from './check-topic.ts';

/** An event as the ledger has it. */
export interface OwedEvent {
  kind: string;
  /** The messages' key: the batch, or one of its items. */
  key: string;
  /** The event's number in its batch; the attempt at its item. */
  version: number;
  batchId: string;
  firstIndex: number;
  /** It was done before the reading began, and delivered: it must be there. */
  delivered: boolean;
  /** Among the batches that were asked for. */
  inScope: boolean;
  /** Where it lies, as the ledger says; null where it was not acknowledged. */
  place: { partition: number; offset: number } | null;
}

const UUID_LENGTH = 36;

export interface EventCheckOptions {
  topic: string;
  partitions: number;
  /** Partitions whose first messages were removed. */
  truncated: ReadonlySet<number>;
  /** Breaches that are named. */
  most: number;
}

/**
 * Compares a topic of large batches' events, or of items handed out, with the ledger: every message is noted first, then every
 * event of the ledger is compared, then what is left over is told. All of them are kept in memory: events are few, one for a thousand
 * items or so; of items handed out there are as many as attempts, some 300 bytes each.
 */
export class EventCheck {
  readonly breaches: TopicBreach[] = [];
  more = false;
  readonly #o: EventCheckOptions;
  /** By kind, key and version: where it lay, partition and offset of each coming. */
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
    const named = tellingOf(message);
    if (named === undefined) return this.#unknown('message-unreadable', { topic, ...place }, 0, 1);
    const { kind, key, version } = named;
    const where = { topic, ...place, batchId: batchOf(key) };
    const partition = partitionOfKey(key, partitions);
    if (partition !== message.partition) this.#tell({ what: 'wrong-partition', where, expected: partition, found: message.partition });
    // Attempts at an item are told each for itself: one that was replayed comes late.
    const name = nameOf(named);
    const known = this.#seen.get(name);
    // Events of a batch go in lots, and the whole lot comes again where its answer was lost: only what comes for the first time has an order.
    if (kind === BATCH_KIND && known === undefined) {
      const last = this.#last.get(key) ?? 0;
      if (version < last) this.#tell({ what: 'version-back', where, expected: last, found: version });
      this.#last.set(key, Math.max(last, version));
    }
    if (known === undefined) this.#seen.set(name, [place]);
    else known.push(place);
    this.#verdict[known === undefined ? 'records' : 'duplicates'] += 1;
  }

  /** Compares an event of the ledger with what was seen. */
  compare({ kind, key, version, batchId, firstIndex, delivered, inScope, place }: OwedEvent): void {
    const name = nameOf({ kind, key, version });
    const seen = this.#seen.get(name);
    this.#seen.delete(name);
    if (!delivered || !inScope) return;
    const partition = partitionOfKey(key, this.#o.partitions);
    const where = { batchId, firstIndex, sink: `kafka:${this.#o.topic}`, partition };
    if (seen !== undefined && (place === null || seen.some((s) => s.partition === place.partition && s.offset === place.offset))) return;
    if (this.#o.truncated.has(partition)) {
      if (seen === undefined) this.#verdict.expired += 1;
      return;
    }
    if (seen === undefined) this.#verdict.missing += 1;
    this.#tell(seen === undefined ? { what: 'message-missing', where, expected: version, found: 0 } : { what: 'message-elsewhere', where, expected: place?.offset ?? 0, found: seen[0]?.offset ?? 0 });
  }

  /** What no event of the ledger explained; to be called last. */
  finish(): TopicVerdict {
    for (const [name, [place]] of this.#seen) this.#unknown('message-unknown', { topic: this.#o.topic, batchId: batchOf(name.slice(name.indexOf(':') + 1)), ...place }, 0, 1);
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

interface Named {
  kind: string;
  key: string;
  version: number;
}

function nameOf({ kind, key, version }: Named): string {
  return `${kind}:${key}:${version}`;
}

/** Keys are a batch's id, or begin with it. */
function batchOf(key: string): string {
  return key.slice(0, UUID_LENGTH);
}

/** What a message is of; undefined if its parts don't say so with one voice. */
function tellingOf({ key, eventId, value }: ReadMessage): Named | undefined {
  const match = /^(?:(batch):([0-9a-f-]{36})|(item):([0-9a-f-]{36}:\d+)):(\d+)$/.exec(eventId ?? '');
  if (match === null || value === null) return undefined;
  const named: Named = { kind: match[1] ?? match[3] ?? '', key: match[2] ?? match[4] ?? '', version: Number(match[5]) };
  if (named.key !== key) return undefined;
  try {
    const body = JSON.parse(value) as { batchId?: unknown; number?: unknown; idempotencyKey?: unknown; attempt?: unknown } | null;
    const said = named.kind === BATCH_KIND ? [body?.batchId, body?.number] : [body?.idempotencyKey, body?.attempt];
    return said[0] === named.key && said[1] === named.version ? named : undefined;
  } catch {
    return undefined;
  }
}
