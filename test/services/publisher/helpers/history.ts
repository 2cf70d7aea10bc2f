import { marksOf } from '../../../../services/publisher/marks.ts';
import { partitionsLeft, type LedgerRow } from '../../../../services/publisher/ledger-row.ts';
import { assembleSend, pickMessages, type PlanLimits } from '../../../../services/publisher/plan-send.ts';
import type { Outgoing, PartitionResult, SinkFailure } from '../../../../services/publisher/sink.ts';
import { ledgerRow } from './ledger-row.ts';

type Row = LedgerRow & { dueAt: number; written: number; delivered: number; superseded: number; done: boolean };

const FAILURE: SinkFailure = { class: 'partition', code: 'LEADER_NOT_AVAILABLE', message: '', unsettled: false };

/**
 * A ledger, records and a topic in memory, driven by the relay's own decisions through a seeded history: slices with gaps,
 * updates, partitions that block, answers that get lost after the append, refused messages, small bounds.
 */
export class History {
  readonly #random: () => number;
  readonly #limits: PlanLimits;
  readonly #rows: Row[] = [];
  readonly #records = new Map<number, number>();
  readonly #shards = new Map<number, number>();
  readonly #topic: { id: number; version: number }[] = [];
  #nextId = 1;
  #now = 0;
  #faults = true;

  constructor(seed: number) {
    this.#random = mulberry32(seed);
    const partitions = 1 + this.#below(5);
    this.#limits = { orderedBy: 'partition', maxMessages: 3 + this.#below(30), maxPartitionBytes: 200 + this.#below(2_000), partitionOf: (id) => (id * 7) % partitions };
  }

  play(steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.#now += this.#below(20);
      const choice = this.#random();
      if (choice < 0.25) this.#insert();
      else if (choice < 0.5) this.#update();
      else this.#relay();
    }
  }

  /** No more faults: everything that is due goes out. */
  drain(): void {
    this.#faults = false;
    for (let round = 0; this.#rows.some((r) => !r.done); round++) {
      if (round > 5_000) throw new Error('the relay does not come to an end');
      this.#now += 50;
      this.#relay();
    }
  }

  versions(): ReadonlyMap<number, number> {
    return this.#records;
  }

  seen(id: number): number[] {
    return this.#topic.filter((m) => m.id === id).map((m) => m.version);
  }

  /** What the ledger owed, and what it says became of it. */
  owed(): number {
    return this.#rows.reduce((sum, r) => sum + r.written, 0);
  }
  counted(): number {
    return this.#rows.reduce((sum, r) => sum + r.delivered + r.superseded, 0);
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

  #append(what: Pick<LedgerRow, 'op' | 'firstId' | 'span' | 'version'>, written: number): void {
    const shard = this.#shards.get(what.firstId) ?? this.#below(2);
    for (let id = what.firstId; id < what.firstId + what.span; id++) this.#shards.set(id, shard);
    const row = ledgerRow({ id: this.#rows.length + 1, shard, ...what });
    this.#rows.push({ ...row, dueAt: 0, written, delivered: 0, superseded: 0, done: written === 0 });
  }

  /** One round of the relay: take, load, now and then an update in between, send with faults, mark (or die before it). */
  #relay(): void {
    const blocked = new Set([0, 1, 2, 3, 4].filter(() => this.#faults && this.#random() < 0.2));
    const taken = this.#rows
      .filter((r) => !r.done && !(partitionsLeft(r)?.every((p) => blocked.has(p)) ?? false))
      .slice(0, 1 + this.#below(40))
      .map((r) => ({ ...r, waitMs: Math.max(0, r.dueAt - this.#now) }));
    const pick = pickMessages(taken, () => blocked, this.#limits);
    const loaded = new Map(this.#records);
    if (this.#faults && this.#random() < 0.3) this.#update();
    const send = assembleSend(pick.candidates, this.#limits, (row, id) => (loaded.get(id) === row.version ? { id, bytes: 40 + (id % 90), payload: row.version } : undefined));
    const results = send.groups.map((g) => this.#deliver(g.partition, g.messages));
    if (this.#faults && this.#random() < 0.15) return; // died before the mark
    for (const mark of marksOf(send, results, () => ({ delayMs: this.#below(100) }))) {
      const row = this.#rows[mark.candidate.row.id - 1];
      if (row === undefined) throw new Error('a mark for no row');
      row.acks = { ...row.acks, ...mark.acks };
      row.delivered += mark.delivered;
      row.done = mark.done;
      row.attempts = mark.attempts;
      row.dueAt = mark.delayMs === null ? 0 : this.#now + mark.delayMs;
      if (mark.done) row.superseded = row.written - row.delivered;
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
    if (fate < 0.5) {
      const guilty = this.#below(messages.length);
      const acked = [];
      if (guilty > 0) acked.push({ from: 0, to: guilty - 1, base: append(0, guilty - 1) });
      if (guilty < messages.length - 1) acked.push({ from: guilty + 1, to: messages.length - 1, base: append(guilty + 1, messages.length - 1) });
      return { partition, acked, refused: [{ position: guilty, failure: { ...FAILURE, class: 'message' } }] };
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

