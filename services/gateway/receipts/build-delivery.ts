import { partitionOfKey } from '../../../shared/delivery/murmur2.ts';
import type { ChangeFact, LedgerFact, LetterFact } from './facts.ts';
import { placesOf, type Place } from './places.ts';
import type { Delivery, DeadLetter, Replay } from './receipt.ts';
import { whyWaiting, type RelayView } from './why-waiting.ts';

/** What deliveries are told from, beside the ledger row itself. */
export interface DeliveryFacts {
  /** Topic and partitions by sink; none of sinks that are no topic, or were never reached. */
  topics: ReadonlyMap<string, { topic: string; partitions: number }>;
  /** Owner by sink and shard, as `<sink> <shard>`. */
  owners: ReadonlyMap<string, string>;
  relays: RelayView;
  /** Whether the messages of the kind are events. */
  events: boolean;
}

/** What is known of one record: its rows beyond the slice, dead letters, in the order of versions. */
export interface RecordFacts {
  changes: readonly ChangeFact[];
  letters: readonly LetterFact[];
}

/** The messages of one ledger row; places of a slice are worked out once for all its items. */
export class RowDelivery {
  readonly #row: LedgerFact;
  readonly #facts: DeliveryFacts;
  readonly #isRejected: (id: number) => boolean;
  #places: Map<number, Place> | undefined;

  constructor(row: LedgerFact, isRejected: (id: number) => boolean, facts: DeliveryFacts) {
    this.#row = row;
    this.#facts = facts;
    this.#isRejected = isRejected;
  }

  /** @param earlier other rows that may owe this sink an earlier message of the record */
  of(id: number, record: RecordFacts, earlier: readonly LedgerFact[]): Delivery {
    const row = this.#row;
    const place = this.#placeOf(row, id);
    const letter = record.letters.find((l) => l.sink === row.sink && l.version === row.version);
    const topic = this.#facts.topics.get(row.sink);
    const partition = topic === undefined ? null : partitionOfKey(String(id), topic.partitions);
    const delivery: Delivery = { sink: row.sink, state: 'waiting', topic: letter?.topic ?? topic?.topic ?? null, partition: letter?.partition ?? partition, offset: null, at: null, attempts: row.attempts };
    if (letter !== undefined) return this.#ofLetter(delivery, letter, record, id);
    if (place.fate === 'sent') return { ...delivery, state: 'delivered', offset: topic === undefined ? null : place.offset, at: row.sentAt };
    if (place.fate === 'absent') return { ...delivery, state: 'superseded', supersededBy: versionAfter(record, row.version) };
    if (place.fate === 'refused') return { ...delivery, state: 'dead' };
    const tries = row.tries?.[id];
    const owner = this.#facts.owners.get(`${row.sink} ${row.shard}`);
    const behind = this.#facts.events ? this.#behind(id, record, earlier) : undefined;
    return { ...delivery, ...(tries === undefined ? {} : { tries }), waiting: whyWaiting({ row, id, partition, owner, relays: this.#facts.relays, behind }) };
  }

  #ofLetter(delivery: Delivery, letter: LetterFact, record: RecordFacts, id: number): Delivery {
    const { sink, version } = this.#row;
    const replays = record.changes.filter((c) => c.op === 'replay' && c.sink === sink && c.version === version).map((row) => this.#replayOf(row, id));
    const { id: letterId, state, code, class: failureClass, reason, attempts, firstFailedAt, lastFailedAt, replays: count, closedAt, closedBy, closedReason } = letter;
    const deadLetter: DeadLetter = { id: letterId, state, code, class: failureClass, reason, attempts, firstFailedAt, lastFailedAt, replays: count, closedAt, closedBy, closedReason };
    const told = { ...delivery, tries: letter.tries, deadLetter, ...(replays.length === 0 ? {} : { replays }) };
    switch (state) {
      case 'replaying':
        return { ...told, state: 'waiting', waiting: { reason: 'replaying', detail: `Dead letter ${letterId} was released and is on its way again.`, code, deadLetter: letterId } };
      case 'delivered': {
        const last = replays.findLast((r) => r.state === 'delivered');
        return { ...told, state: 'delivered', offset: last?.offset ?? null, at: last?.at ?? closedAt };
      }
      case 'superseded':
        return { ...told, state: 'superseded', supersededBy: versionAfter(record, version) };
      case 'dead':
      case 'discarded':
        return { ...told, state };
    }
  }

  #replayOf(row: ChangeFact, id: number): Replay {
    const place = this.#placeOf(row, id);
    const state = row.state !== 'done' ? 'waiting' : row.dead > 0 ? 'dead' : row.superseded > 0 ? 'superseded' : 'delivered';
    return { replayId: row.batchId, releasedAt: row.at, state, offset: state === 'delivered' && place.fate === 'sent' && this.#facts.topics.has(row.sink) ? place.offset : null, at: row.sentAt };
  }

  /** Of events, the earliest one before this that is refused or dead and so goes first. */
  #behind(id: number, { letters }: RecordFacts, earlier: readonly LedgerFact[]): { version: number; letter: LetterFact | undefined } | undefined {
    const { sink, version } = this.#row;
    const dead = letters.filter((l) => l.sink === sink && l.version < version && (l.state === 'dead' || l.state === 'replaying')).map((letter) => ({ version: letter.version, letter }));
    const refused = earlier.filter((r) => r.sink === sink && r.version < version && r.tries?.[id] !== undefined).map((r) => ({ version: r.version, letter: undefined }));
    return [...dead, ...refused].sort((a, b) => a.version - b.version)[0];
  }

  #placeOf(row: LedgerFact, id: number): Place {
    const partitions = this.#facts.topics.get(row.sink)?.partitions;
    const partitionOf = partitions === undefined ? () => 0 : (one: number) => partitionOfKey(String(one), partitions);
    if (row !== this.#row) return placesOf(row, () => false, partitionOf).get(id) ?? { fate: 'open' };
    this.#places ??= placesOf(row, this.#isRejected, partitionOf);
    return this.#places.get(id) ?? { fate: 'open' };
  }
}

/** The next version of the record, which takes this one's place; null where there is none: the record is gone. */
function versionAfter({ changes }: RecordFacts, version: number): number | null {
  return changes.find((c) => isVersion(c) && c.version > version)?.version ?? null;
}

/** Whether a row tells of a later version of its record; a deletion is its last. */
export function isVersion({ op }: Pick<ChangeFact, 'op'>): boolean {
  return op === 'update' || op === 'delete';
}
