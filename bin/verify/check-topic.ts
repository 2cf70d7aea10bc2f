import { partitionOfKey } from '../../services/publisher/murmur2.ts';
import { SeenRecords } from './seen-records.ts';

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

/** A row of the ledger: what the topic is owed, or the making of a version. */
export interface OwedRow {
  batchId: string;
  firstIndex: number;
  op: string;
  kind: string;
  /** Of the sink in question; other rows only tell which versions there are. */
  mine: boolean;
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

/**
 * Compares a topic with the ledger: first every message is noted, in its partition's order; then every ledger row is
 * compared; then what is left over is told. Knows no Kafka and no database.
 */
export class TopicCheck {
  readonly breaches: TopicBreach[] = [];
  readonly #topic: string;
  readonly #sink: string;
  readonly #partitions: number;
  readonly #truncated: ReadonlySet<number>;
  readonly #most: number;
  readonly #seen = new Map<string, SeenRecords>();
  readonly #known = new Map<string, Map<number, number>>();
  readonly #verdict: TopicVerdict = { messages: 0, records: 0, duplicates: 0, missing: 0, unknown: 0, expired: 0 };
  more = false;

  /**
   * @param truncated partitions whose first messages were removed
   * @param most breaches that are named
   */
  constructor(topic: string, partitions: number, truncated: ReadonlySet<number>, most: number) {
    this.#topic = topic;
    this.#sink = `kafka:${topic}`;
    this.#partitions = partitions;
    this.#truncated = truncated;
    this.#most = most;
  }

  /** Takes a message in. */
  note(message: ReadMessage): void {
    this.#verdict.messages += 1;
    const place = { topic: this.#topic, partition: message.partition, offset: Number(message.offset) };
    const named = nameOf(message);
    if (named === undefined) {
      this.#verdict.unknown += 1;
      return this.#breach('message-unreadable', place, 0, 1);
    }
    const { kind, id, version } = named;
    const seen = this.#seen.get(kind) ?? new SeenRecords();
    this.#seen.set(kind, seen);
    const partition = partitionOfKey(String(id), this.#partitions);
    if (partition !== message.partition) this.#breach('wrong-partition', { ...place, kind, id }, partition, message.partition);
    const before = seen.lastVersion(id);
    const arrival = seen.note(id, version);
    if (arrival === 'first') this.#verdict.records += 1;
    if (arrival === 'repeat') this.#verdict.duplicates += 1;
    if (arrival === 'back') this.#breach('version-back', { ...place, kind, id }, before, version);
  }

  /** Compares a ledger row with what was seen. */
  compare(row: OwedRow): void {
    const seen = this.#seen.get(row.kind);
    if (row.op === 'update') {
      const known = this.#known.get(row.kind) ?? new Map<number, number>();
      this.#known.set(row.kind, known);
      if ((seen?.lastVersion(row.firstId) ?? 0) > 1) known.set(row.firstId, Math.max(row.version, known.get(row.firstId) ?? 1));
    }
    if (!row.mine) return;
    const unseen: number[] = [];
    let expired = 0;
    let there = 0;
    const rejected = new Set(row.rejected);
    for (let id = row.firstId; id < row.firstId + row.span; id++) {
      if (rejected.has(row.firstIndex + id - row.firstId)) continue;
      if ((seen?.lastVersion(id) ?? 0) >= row.version) there += 1;
      else if (this.#truncated.has(partitionOfKey(String(id), this.#partitions))) expired += 1;
      else unseen.push(id);
      if (row.op === 'insert') seen?.explain(id);
    }
    if (row.finished && row.inScope) this.#tellMissing(row, unseen, there, expired);
  }

  /** What no ledger row explained; to be called last. */
  finish(): TopicVerdict {
    for (const [kind, seen] of this.#seen) {
      for (const id of seen.unexplained()) {
        this.#verdict.unknown += 1;
        this.#breach('message-unknown', { topic: this.#topic, kind, id }, 0, 1);
      }
      for (const [id, version] of seen.later()) {
        const known = this.#known.get(kind)?.get(id) ?? 1;
        if (version <= known) continue;
        this.#verdict.unknown += 1;
        this.#breach('version-unknown', { topic: this.#topic, kind, id }, known, version);
      }
    }
    return this.#verdict;
  }

  /** Which of a row's records were delivered is only known where all were: of others the number must do. */
  #tellMissing(row: OwedRow, unseen: readonly number[], there: number, expired: number): void {
    const lacking = row.delivered - there;
    if (lacking <= 0) return;
    const missing = Math.min(unseen.length, Math.max(0, lacking - expired));
    this.#verdict.expired += lacking - missing;
    this.#verdict.missing += missing;
    const place = { kind: row.kind, batchId: row.batchId, firstIndex: row.firstIndex, sink: this.#sink };
    if (missing === unseen.length) for (const id of unseen) this.#breach('message-missing', { ...place, id }, row.version, 0);
    else if (missing > 0) this.#breach('message-missing', place, row.delivered, there);
  }

  #breach(what: string, where: TopicBreach['where'], expected: number, found: number): void {
    if (this.breaches.length < this.#most) this.breaches.push({ what, where, expected, found });
    else this.more = true;
  }
}

/** The record and version that a message is of; undefined if its parts don't say so with one voice. */
function nameOf({ key, eventId, value }: ReadMessage): { kind: string; id: number; version: number } | undefined {
  const match = /^([^:]+):(\d+):(\d+)$/.exec(eventId ?? '');
  if (match === null || value === null || match[2] !== key) return undefined;
  const [, kind = '', id, version] = match;
  const said = { kind, id: Number(id), version: Number(version) };
  try {
    const body = JSON.parse(value) as { id?: unknown; version?: unknown } | null;
    return body?.id === said.id && body.version === said.version ? said : undefined;
  } catch {
    return undefined; // told as unreadable
  }
}
