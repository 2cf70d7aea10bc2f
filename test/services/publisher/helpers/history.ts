import { placesOf } from '../../../../services/gateway/receipts/places.ts';
import { marksOf, type Mark } from '../../../../services/publisher/marks.ts';
import { partitionsLeft, type LedgerRow } from '../../../../services/publisher/ledger-row.ts';
import { assembleSend, pickMessages, type PlanLimits, type Telling } from '../../../../services/publisher/plan-send.ts';
import type { Fate, Refusal } from '../../../../services/publisher/put-refused.ts';
import type { Outgoing, PartitionResult, SinkFailure } from '../../../../services/publisher/sink.ts';
import { ledgerRow } from './ledger-row.ts';

type Row = LedgerRow & { dueAt: number; written: number; delivered: number; superseded: number; dead: number; done: boolean };
interface DeadLetter {
  id: number;
  version: number;
  state: 'dead' | 'replaying' | 'delivered' | 'superseded' | 'discarded';
  outlived: boolean;
}

const FAILURE: SinkFailure = { class: 'partition', code: 'LEADER_NOT_AVAILABLE', message: '', unsettled: false };
const REFUSED: SinkFailure = { ...FAILURE, class: 'message', code: 'MESSAGE_TOO_LARGE' };
const TRIES = 1;
const AT = '2026-11-22T10:00:00.000Z';

/**
 * A ledger, records, dead letters and a topic in memory, driven by the relay's own decisions through a seeded history: slices with
 * gaps, updates, partitions that block, answers that get lost after the append, owners that die before they mark, refused
 * messages, dead letters, replays, discards, small bounds. What PostgreSQL does of it is retold here in a few lines.
 */
export class History {
  readonly #random: () => number;
  readonly #order: Telling;
  readonly #limits: PlanLimits;
  readonly #rows: Row[] = [];
  readonly #records = new Map<number, number>();
  readonly #shards = new Map<number, number>();
  readonly #topic: { id: number; version: number }[] = [];
  readonly letters: DeadLetter[] = [];
  #nextId = 1;
  #now = 0;
  #faults = true;

  constructor(seed: number, order: Telling) {
    this.#random = mulberry32(seed);
    this.#order = order;
    const partitions = 1 + this.#below(5);
    this.#limits = { maxMessages: 3 + this.#below(30), maxPartitionBytes: 200 + this.#below(2_000), partitionOf: (id) => (id * 7) % partitions };
  }

  play(steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.#now += this.#below(20);
      const choice = this.#random();
      if (choice < 0.2) this.#insert();
      else if (choice < 0.4) this.#update();
      else if (choice < 0.47) this.#replay();
      else if (choice < 0.48) this.#discard();
      else this.#relay();
    }
  }

  /** No more faults: everything that is due goes out, dead letters too. */
  drain(): void {
    this.#faults = false;
    for (let round = 0; this.#rows.some((r) => !r.done) || this.letters.some((l) => l.state === 'dead'); round++) {
      if (round > 5_000) throw new Error('the relay does not come to an end');
      this.#now += 50;
      this.#replay();
      this.#relay();
    }
  }

  versions(): ReadonlyMap<number, number> {
    return this.#records;
  }

  seen(id: number): number[] {
    return this.#topic.filter((m) => m.id === id).map((m) => m.version);
  }

  /** Ids of which the places that the ledger tells are not where the topic has them, or that the topic lacks. */
  misplaced(): number[] {
    return this.#debts().flatMap((row) => {
      const places = placesOf(row, (id) => !this.#records.has(id), (id) => this.#limits.partitionOf(id, row));
      const sent = [...places].flatMap(([id, place]) => (place.fate === 'sent' ? [[id, place.offset] as const] : []));
      const wrong = sent.filter(([id, offset]) => offset === null || this.#topic[offset]?.id !== id || (this.#order !== 'states' && this.#topic[offset]?.version !== row.version));
      return sent.length === row.delivered ? wrong.map(([id]) => id) : [row.firstId];
    });
  }
  /** What the ledger owed, and what it says became of it. */
  owed(): number {
    return this.#debts().reduce((sum, r) => sum + r.written, 0);
  }
  counted(): number {
    return this.#debts().reduce((sum, r) => sum + r.delivered + r.superseded + r.dead, 0);
  }
  died(): number {
    return this.#debts().reduce((sum, r) => sum + r.dead, 0);
  }

  #debts(): (Row & { state: string })[] {
    return this.#rows.filter((r) => r.op !== 'replay').map((r) => ({ ...r, state: r.done ? 'done' : 'waiting' }));
  }

  #insert(): void {
    const span = 1 + this.#below(25);
    const firstId = this.#nextId;
    this.#nextId += span;
    let written = 0;
    for (let id = firstId; id < firstId + span; id++) {
      if (this.#random() < 0.1) continue;
      this.#records.set(id, 1);
      written++;
    }
    this.#append({ op: 'insert', firstId, span, version: 1 }, written);
  }

  #update(): void {
    const ids = [...this.#records.keys()];
    const id = ids[this.#below(ids.length)];
    if (id === undefined) return;
    const version = (this.#records.get(id) ?? 0) + 1;
    this.#records.set(id, version);
    this.#append({ op: 'update', firstId: id, span: 1, version }, 1);
  }

  #replay(): void {
    for (const letter of this.letters.filter((l) => l.state === 'dead').slice(0, 1 + this.#below(5))) {
      letter.state = 'replaying';
      this.#append({ op: 'replay', firstId: letter.id, span: 1, version: letter.version }, 1);
    }
  }

  #discard(): void {
    const letter = this.letters.find((l) => l.state === 'dead');
    if (letter !== undefined) letter.state = 'discarded';
  }

  #append(what: Pick<LedgerRow, 'op' | 'firstId' | 'span' | 'version'>, written: number): void {
    const shard = this.#shards.get(what.firstId) ?? this.#below(2);
    for (let id = what.firstId; id < what.firstId + what.span; id++) this.#shards.set(id, shard);
    const row = ledgerRow({ id: this.#rows.length + 1, shard, ...what });
    this.#rows.push({ ...row, dueAt: 0, written, delivered: 0, superseded: 0, dead: 0, done: written === 0 });
  }

  /** One round of the relay: take, load, now and then an update in between, send with faults, mark (or die before it). */
  #relay(): void {
    const blocked = new Set([0, 1, 2, 3, 4].filter(() => this.#faults && this.#random() < 0.2));
    const taken = this.#take(blocked).slice(0, 1 + this.#below(40)).map((r) => ({ ...r, waitMs: Math.max(0, r.dueAt - this.#now) }));
    const candidates = pickMessages(taken, blocked, this.#limits, () => this.#order);
    const loaded = new Map(this.#records);
    const letters = new Map(taken.map((row) => [row.id, this.#letterOf(row)]));
    if (this.#faults && this.#random() < 0.3) this.#update();
    const send = assembleSend(candidates, this.#limits, (row, id) => {
      const letter = letters.get(row.id);
      if (row.op === 'replay' && (letter === undefined || letter.outlived)) return undefined;
      const current = loaded.get(id);
      if (current === undefined || (this.#order === 'states' && row.op !== 'replay' && current !== row.version)) return undefined;
      return { id, bytes: 40 + (id % 90), isEvent: this.#order !== 'states', payload: this.#order === 'states' ? current : row.version };
    });
    const results = send.groups.map((g) => this.#deliver(g.partition, g.messages));
    if (this.#faults && this.#random() < 0.15) return; // died before the mark
    for (const mark of marksOf(send, results, (refusal) => this.#put(refusal), AT)) this.#mark(mark);
  }

  /** As TAKE_DUE. */
  #take(blocked: ReadonlySet<number>): Row[] {
    return this.#rows.filter((r) => {
      if (r.done) return false;
      const due = r.dueAt <= this.#now;
      const refused = (r.acks?.refused ?? []) as number[];
      if (partitionsLeft(r)?.every((p) => blocked.has(p)) === true && (r.tries === null || !due || refused.every((p) => blocked.has(p)))) return false;
      if (this.#order === 'states' || r.op !== 'update') return true;
      return !this.letters.some((l) => l.id === r.firstId && l.version < r.version && (l.state === 'dead' || l.state === 'replaying')) && !this.#rows.some((b) => !b.done && b.id < r.id && b.tries?.[r.firstId] !== undefined);
    });
  }

  #letterOf(row: LedgerRow): DeadLetter | undefined {
    return row.op === 'replay' ? this.letters.find((l) => l.id === row.firstId && l.version === row.version && l.state === 'replaying') : undefined;
  }

  #put({ row, message, tries }: Refusal): Fate {
    if (row.op !== 'replay' && tries.length <= TRIES) return { delayMs: this.#below(100) };
    return { letter: { ledger_id: row.id, record_id: message.id, topic: null, partition: null, payload: '', headers: null, code: '', class: '', reason: '', fingerprint: '', tries } };
  }

  /** As MARK_FATES. */
  #mark(mark: Mark): void {
    const row = this.#rows[mark.candidate.row.id - 1];
    if (row === undefined) throw new Error('a mark for no row');
    const replayed = this.#letterOf(row);
    row.acks = { ...row.acks, ...mark.acks };
    row.delivered += mark.delivered;
    row.dead += mark.letters.length;
    row.done = mark.done;
    row.attempts = mark.attempts;
    row.tries = mark.tries;
    if (mark.delayMs !== null) row.dueAt = this.#now + mark.delayMs;
    if (mark.done) row.superseded = row.written - row.delivered - row.dead;
    if (row.superseded < 0) throw new Error('more came of a row than was in it');
    for (const letter of mark.letters) {
      if (replayed !== undefined) replayed.state = replayed.outlived ? 'superseded' : 'dead';
      else this.letters.push({ id: letter.record_id, version: row.version, state: 'dead', outlived: false });
    }
    if (replayed !== undefined && mark.done && mark.letters.length === 0) replayed.state = row.delivered > 0 ? 'delivered' : 'superseded';
    if (this.#order !== 'states' || row.op === 'insert' || row.delivered === 0) return;
    for (const letter of this.letters.filter((l) => l.id === row.firstId && l.version < row.version)) {
      if (letter.state === 'dead') letter.state = 'superseded';
      if (letter.state === 'replaying') letter.outlived = true;
    }
  }

  /** Like a broker: all, nothing, all but the answer is lost, or one message refused and found by bisection. */
  #deliver(partition: number, messages: readonly Outgoing[]): PartitionResult {
    const append = (from: number, to: number) => {
      for (const m of messages.slice(from, to + 1)) this.#topic.push({ id: m.id, version: m.payload as number });
      return this.#topic.length - (to - from + 1);
    };
    const fate = this.#faults ? this.#random() : 1;
    if (fate < 0.2) return { partition, acked: [], refused: [], failure: FAILURE };
    if (fate < 0.35) {
      append(0, messages.length - 1);
      return { partition, acked: [], refused: [], failure: FAILURE };
    }
    if (fate < 0.6) {
      const guilty = this.#below(messages.length);
      const acked = [];
      if (guilty > 0) acked.push({ from: 0, to: guilty - 1, base: append(0, guilty - 1) });
      const refused = [{ position: guilty, failure: REFUSED }];
      if (this.#random() < 0.3) return { partition, acked, refused, failure: FAILURE }; // what came after it did not go out any more
      // As sendBisecting: later events of the same record stay unsent.
      for (let from = guilty + 1; from < messages.length; ) {
        const stays = (at: number) => this.#order !== 'states' && messages[at]?.id === messages[guilty]?.id;
        let to = from;
        while (!stays(from) && to + 1 < messages.length && !stays(to + 1)) to++;
        if (!stays(from)) acked.push({ from, to, base: append(from, to) });
        from = to + 1;
      }
      return { partition, acked, refused };
    }
    return { partition, acked: [{ from: 0, to: messages.length - 1, base: append(0, messages.length - 1) }], refused: [] };
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }
}

/** A small seeded generator (T. Ettinger, public domain). */
function mulberry32(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

