import { partitionOfKey } from '../../shared/delivery/murmur2.ts';
import { SeenRecords } from './seen-records.ts';
import { VersionPages } from './version-pages.ts';

/** Something that is wrong on a topic, and where. */
export interface TopicBreach {
  what: string;
  where: Record<string, string | number>;
  expected: number;
  found: number;
}

/** A message, as far as it is looked at. */
export interface ReadMessage {
  partition: number;
  offset: string;
  key: string | null;
  /** Header `ce_id`: kind:id:version. */
  eventId: string | null;
  value: string | null;
}

/** The record and version that a message is of. */
export interface NamedMessage {
  offset: number;
  kind: string;
  id: number;
  version: number;
  /** Version of the record that it shows: of an event perhaps a later one, for the record is told as it is when it is sent. */
  shows: number;
}

/** A row of the ledger that owes the topic messages. */
export interface OwedRow {
  batchId: string;
  firstIndex: number;
  op: string;
  kind: string;
  /** Its messages must be there: it was done before the reading began. */
  finished: boolean;
  /** Among the batches that were asked for. */
  inScope: boolean;
  firstId: number;
  span: number;
  version: number;
  delivered: number;
  superseded: number;
  rejected: readonly number[];
  /** Ids whose messages became dead letters. */
  letters: readonly number[];
}

export interface TopicVerdict {
  messages: number;
  records: number;
  duplicates: number;
  missing: number;
  unknown: number;
  /** Not there, and perhaps removed by the topic's retention: its partition does not begin at 0 any more. */
  expired: number;
}

export interface TopicCheckOptions {
  topic: string;
  partitions: number;
  /** Partitions whose first messages were removed. */
  truncated: ReadonlySet<number>;
  /** Breaches that are named. */
  most: number;
  /** By kind, ids lie below; undefined where nobody can say. */
  given: ReadonlyMap<string, number> | undefined;
}

/** Messages that no claim explains, whose places are kept so that a breach can name them. */
const PLACES_KEPT = 10_000;

/**
 * Compares a topic with the ledger: first every message is noted, in its partition's order; then the versions that were made
 * are told; then every ledger row is compared; then what is left over is told. Knows no Kafka and no database, and takes a few
 * bits for each id, however many messages there are.
 */
export class TopicCheck {
  readonly breaches: TopicBreach[] = [];
  readonly #o: TopicCheckOptions;
  readonly #seen = new Map<string, SeenRecords>();
  readonly #made = new Map<string, VersionPages>();
  /** By kind, versions that messages of earlier ones show. */
  readonly #ahead = new Map<string, VersionPages>();
  readonly #places = new Map<string, { partition: number; offset: number }>();
  readonly #verdict: TopicVerdict = { messages: 0, records: 0, duplicates: 0, missing: 0, unknown: 0, expired: 0 };
  more = false;

  constructor(options: TopicCheckOptions) {
    this.#o = options;
  }

  /** Takes a message in; answers what it is, or undefined where it is nothing that Sluice could have sent. */
  note(message: ReadMessage): NamedMessage | undefined {
    this.#verdict.messages += 1;
    const place = { topic: this.#o.topic, partition: message.partition, offset: Number(message.offset) };
    const named = nameOf(message);
    if (named === undefined) {
      this.#unknown('message-unreadable', place, 0, 1);
      return undefined;
    }
    const { kind, id, version, shows } = named;
    if (this.#o.given !== undefined && id >= (this.#o.given.get(kind) ?? 0)) {
      this.#unknown('message-unknown', { ...place, kind, id }, 0, version);
      return undefined;
    }
    const seen = this.#seen.get(kind) ?? new SeenRecords();
    this.#seen.set(kind, seen);
    if (shows > version) raise(this.#ahead, kind, id, shows);
    const partition = this.#partitionOf(id);
    if (partition !== message.partition) this.tell({ what: 'wrong-partition', where: { ...place, kind, id }, expected: partition, found: message.partition });
    const before = seen.lastVersion(id);
    const arrival = seen.note(id, version);
    if (arrival === 'first') this.#verdict.records += 1;
    if (arrival === 'repeat') this.#verdict.duplicates += 1;
    if (arrival === 'back') this.tell({ what: 'version-back', where: { ...place, kind, id }, expected: before, found: version });
    return named;
  }

  /** No claim of the ledger explains this message: perhaps it is a repeat, or was sent since, or nobody knows it. */
  unclaimed({ kind, id, version, offset }: NamedMessage, partition: number): void {
    if (this.#places.size < PLACES_KEPT) this.#places.set(`${kind}:${id}:${version}`, { partition, offset });
  }

  /** A later version than the first was made of a record. */
  made(kind: string, id: number, version: number): void {
    raise(this.#made, kind, id, version);
  }

  /** Compares a ledger row with what was seen. */
  compare(row: OwedRow): void {
    const seen = this.#seen.get(row.kind);
    const made = this.#made.get(row.kind);
    const unseen: number[] = [];
    let superseded = row.superseded;
    let outlived = 0;
    const left = new Set(row.rejected.map((index) => row.firstId + index - row.firstIndex).concat(row.letters));
    for (let id = row.firstId; id < row.firstId + row.span; id++) {
      if (row.op === 'insert' && !isRejected(row, id)) seen?.explain(id);
      if (left.has(id)) continue;
      const last = seen?.lastVersion(id) ?? 0;
      if (last > row.version) outlived += 1;
      if (last >= row.version) continue;
      if (superseded > 0 && (made?.of(id) ?? 0) > row.version) superseded -= 1;
      else if (this.#o.truncated.has(this.#partitionOf(id))) this.#verdict.expired += row.finished ? 1 : 0;
      else unseen.push(id);
    }
    if (row.finished && row.inScope) this.#tellMissing(row, unseen, Math.max(0, superseded - outlived));
  }

  /** What no ledger row explained; to be called last. */
  finish(): TopicVerdict {
    const { topic } = this.#o;
    for (const [kind, seen] of this.#seen) {
      for (const id of seen.unexplained()) this.#unknown('message-unknown', { topic, kind, id, ...this.#placeOf(kind, id, seen.lastVersion(id)) }, 0, 1);
      for (const [id, version] of seen.later()) {
        const known = this.#made.get(kind)?.of(id) || 1;
        if (version > known) this.#unknown('version-unknown', { topic, kind, id, ...this.#placeOf(kind, id, version) }, known, version);
      }
    }
    for (const [kind, shown] of this.#ahead) {
      for (const [id, version] of shown) if (version > (this.#made.get(kind)?.of(id) ?? 0)) this.#unknown('version-unknown', { topic, kind, id }, this.#made.get(kind)?.of(id) || 1, version);
    }
    return this.#verdict;
  }

  /** Takes a breach in that somebody else found. */
  tell(breach: TopicBreach): void {
    if (this.breaches.length < this.#o.most) this.breaches.push(breach);
    else this.more = true;
  }

  /** @param gone messages of the row that were not sent for another reason than a later version: then the number must do */
  #tellMissing(row: OwedRow, unseen: readonly number[], gone: number): void {
    const missing = Math.max(0, unseen.length - gone);
    this.#verdict.missing += missing;
    const place = { kind: row.kind, batchId: row.batchId, firstIndex: row.firstIndex, sink: `kafka:${this.#o.topic}` };
    if (gone === 0) for (const id of unseen) this.tell({ what: 'message-missing', where: { ...place, id, partition: this.#partitionOf(id) }, expected: row.version, found: 0 });
    else if (missing > 0) this.tell({ what: 'message-missing', where: place, expected: row.delivered, found: row.delivered - missing });
  }

  #unknown(what: string, where: TopicBreach['where'], expected: number, found: number): void {
    this.#verdict.unknown += 1;
    this.tell({ what, where, expected, found });
  }

  #placeOf(kind: string, id: number, version: number): { partition?: number; offset?: number } {
    return this.#places.get(`${kind}:${id}:${version}`) ?? {};
  }

  #partitionOf(id: number): number {
    return partitionOfKey(String(id), this.#o.partitions);
  }
}

function raise(pages: Map<string, VersionPages>, kind: string, id: number, version: number): void {
  const found = pages.get(kind) ?? new VersionPages();
  pages.set(kind, found);
  found.raise(id, version);
}

function isRejected(row: OwedRow, id: number): boolean {
  return row.rejected.includes(row.firstIndex + id - row.firstId);
}

/** What a message is of; undefined if its parts don't say so with one voice. */
function nameOf({ key, eventId, value, offset }: ReadMessage): NamedMessage | undefined {
  const match = /^([^:]+):(\d+):(\d+)$/.exec(eventId ?? '');
  if (match === null || value === null || match[2] !== key) return undefined;
  const [, kind = '', id, version] = match;
  const said = { offset: Number(offset), kind, id: Number(id), version: Number(version), shows: Number(version) };
  try {
    const body = JSON.parse(value) as { id?: unknown; version?: unknown } | null;
    return body?.id === said.id && Number.isSafeInteger(body.version) && Number(body.version) >= said.version ? { ...said, shows: Number(body.version) } : undefined;
  } catch {
    return undefined; // told as unreadable
  }
}
