import type { Pool } from 'pg';
import { loadRecords, LOAD_SENT_AT } from '../../shared/db/queries/relay-records.ts';
import { COUNT_OPEN_LETTERS } from '../../shared/db/queries/dead-letter-mirror.ts';
import { LOAD_LETTERS, MARK_FATES, MARK_SENT } from '../../shared/db/queries/relay-mark.ts';
import { TAKE_DUE, WAITING } from '../../shared/db/queries/relay-take.ts';
import { joinedProperties } from '../../shared/db/queries/joined.ts';
import type { NamedStatement } from '../../shared/db/queries/flush.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import type { Column } from '../../shared/records/columns.ts';
import type { LedgerOp, RecordKind, RecordRow } from '../../shared/records/record-kind.ts';
import { readLedgerRow, type LedgerRow } from './ledger-row.ts';
import type { Evidence } from './sink.ts';
import type { Mark } from './marks.ts';
import type { Candidate } from './plan-send.ts';

/** What the store must know of a kind. */
export interface StoredKind {
  name: string;
  /** Null where its messages are in the ledger: no record is behind them. */
  table: string | null;
  columns: readonly Column[];
  joined?: NonNullable<RecordKind['joined']>;
  /** The sink that the kind's inserts go to first: its acknowledgement is the record's sentTimestamp. */
  firstSink: string;
  /** Whether its messages are events, which are all told, one after the other. */
  events: boolean;
}

/** A dead letter on its way again. */
export interface ReplayedLetter extends Pick<Evidence, 'payload' | 'headers'> {
  /** What its message was made for. */
  op: LedgerOp;
}

/** Loaded records, by kind and id. */
export type Records = Map<string, Map<number, { row: RecordRow; sentAt: string | null }>>;

/** The ledger owes this sink records of a kind that this node does not deliver there: its kinds or settings differ from the writers'. */
export class UnknownKind extends Error {
  constructor(kind: string, sink: string) {
    super(`The ledger owes ${sink} records of the kind "${kind}", which this node does not deliver there. Every node of a fleet needs the same record kinds and topics.`);
    this.name = 'UnknownKind';
  }
}

/** A row with less than this share of its ids to send is loaded id by id. */
const RANGE_SHARE = 0.5;
/** Ledger rows of a shard that the gauges look at; beyond, they say at least so many. */
const GAUGE_ROWS = 2_000;
/** Dead letters that the gauge counts at most. */
const GAUGE_LETTERS = 100_000;

/** The relay's side of PostgreSQL for one sink; each call is one statement in autocommit. */
export class LedgerStore {
  readonly #pool: Pool;
  readonly #sink: string;
  readonly #timeoutMs: number;
  readonly #events: readonly string[];
  readonly #kinds: ReadonlyMap<string, StoredKind & { load: NamedStatement | null; idAt: number }>;

  constructor(pool: Pool, sink: string, kinds: readonly StoredKind[], timeoutMs: number) {
    this.#pool = pool;
    this.#sink = sink;
    this.#timeoutMs = timeoutMs;
    this.#events = kinds.filter((k) => k.events).map((k) => k.name);
    this.#kinds = new Map(kinds.map((k) => [k.name, { ...k, load: k.table === null ? null : loadRecords(k.table, k.columns, k), idAt: k.columns.findIndex((c) => c.primary) }]));
  }

  /**
   * Unfinished rows of these shards of which something can go now, in id order within each.
   * @param blocked partitions that nothing may go to now
   * @param longestPauseMs a next time further ahead counts as due
   */
  async take(shards: readonly number[], blocked: readonly number[], limits: { rowsPerShard: number; rows: number; longestPauseMs: number }): Promise<LedgerRow[]> {
    const values = [this.#sink, shards, JSON.stringify(blocked), limits.rowsPerShard, limits.longestPauseMs, limits.rows, this.#events];
    return (await this.#run(TAKE_DUE, values)).map(readLedgerRow);
  }

  /**
   * The records that the candidates want to send, as they are now; what is gone is absent.
   * @throws UnknownKind
   */
  async load(candidates: readonly Candidate[]): Promise<Records> {
    const records: Records = new Map();
    const unknown = candidates.find((c) => !this.#kinds.has(c.row.kind));
    if (unknown !== undefined) throw new UnknownKind(unknown.row.kind, this.#sink);
    for (const kind of this.#kinds.values()) {
      const mine = candidates.filter((c) => c.row.kind === kind.name && c.send.size > 0);
      if (mine.length === 0 || kind.load === null) continue;
      const [low, high] = rangesOf(mine);
      const found = new Map<number, { row: RecordRow; sentAt: string | null }>();
      const properties = [...kind.columns.map((c) => c.property), ...joinedProperties(kind)];
      for (const values of await this.#run(kind.load, [low, high])) {
        const row: RecordRow = {};
        for (let i = 0; i < properties.length; i++) row[properties[i] as string] = values[i];
        found.set(Number(values[kind.idAt]), { row, sentAt: null });
      }
      const updated = mine.filter((c) => c.row.op !== 'insert').map((c) => c.row.firstId);
      if (updated.length > 0) {
        for (const [id, sentAt] of await this.#run(LOAD_SENT_AT, [kind.name, updated, kind.firstSink])) {
          const record = found.get(Number(id));
          if (record !== undefined) record.sentAt = sentAt as string;
        }
      }
      records.set(kind.name, found);
    }
    return records;
  }

  /** The dead letters that these candidates' replay rows release, by ledger row; what a later version outlived is absent. */
  async letters(candidates: readonly Candidate[]): Promise<Map<LedgerRow, ReplayedLetter>> {
    const rows = candidates.filter((c) => c.row.op === 'replay' && c.send.size > 0).map((c) => c.row);
    if (rows.length === 0) return new Map();
    const found = await this.#run(LOAD_LETTERS, [this.#sink, rows.map((r) => r.batchId), rows.map((r) => r.firstId), rows.map((r) => r.version), this.#events]);
    const letters = new Map(found.map(([replay, record, version, kind, op, payload, headers]) => [`${String(replay)} ${String(kind)} ${Number(record)} ${Number(version)}`, { op, payload, headers } as ReplayedLetter]));
    return new Map(rows.flatMap((row) => {
      const letter = letters.get(`${row.batchId} ${row.kind} ${row.firstId} ${row.version}`);
      return letter === undefined ? [] : [[row, letter] as const];
    }));
  }

  /**
   * Writes what became of a send; only where this relay still owns the row's shard at that epoch.
   * @returns how many rows took it, and the records in them that were superseded
   */
  async mark(marks: readonly Mark[], node: string, epochOf: (shard: number) => number): Promise<{ rows: number; superseded: number }> {
    const rows = marks.map((m) => m.candidate.row);
    const values = [
      this.#sink, node, rows.map((r) => r.id), rows.map((r) => r.batchId), rows.map((r) => r.firstIndex), rows.map((r) => r.op), rows.map((r) => r.shard), rows.map((r) => epochOf(r.shard)),
      marks.map((m) => JSON.stringify(m.acks)), marks.map((m) => m.delivered), marks.map((m) => m.done), marks.map((m) => m.attempts), marks.map((m) => m.delayMs), marks.map((m) => m.error),
      marks.map((m) => (m.tries === null ? null : JSON.stringify(m.tries))), marks.map((m) => m.letters.length), rows.map((r) => r.settled),
    ];
    const letters = marks.flatMap((m) => m.letters);
    const plain = letters.length === 0 && rows.every((r) => r.op === 'insert');
    const taken = await (plain ? this.#run(MARK_SENT, values) : this.#run(MARK_FATES, [...values, JSON.stringify(letters), this.#events]));
    return { rows: taken.length, superseded: taken.reduce((sum, [superseded]) => sum + Number(superseded), 0) };
  }

  /** Records waiting in these shards, the age of the oldest ledger row in seconds, and the dead letters that nobody has closed. */
  async waiting(shards: readonly number[]): Promise<{ records: number; lagSeconds: number; deadLetters: number }> {
    const [row] = await this.#run(WAITING, [this.#sink, shards, GAUGE_ROWS]);
    const [open] = await this.#run(COUNT_OPEN_LETTERS, [this.#sink, shards, GAUGE_LETTERS]);
    return { records: Number(row?.[0] ?? 0), lagSeconds: Number(row?.[1] ?? 0), deadLetters: Number(open?.[0] ?? 0) };
  }

  #run(statement: NamedStatement, values: unknown[]): Promise<unknown[][]> {
    return runStatement(this.#pool, statement, values, this.#timeoutMs);
  }
}

/** Lower and upper ends of the id ranges to load, without overlaps: several rows may want the same record. */
function rangesOf(candidates: readonly Candidate[]): [low: number[], high: number[]] {
  const ranges: [number, number][] = [];
  for (const { row, send } of candidates) {
    let count = 0;
    for (const ids of send.values()) count += ids.length;
    if (count >= row.span * RANGE_SHARE) ranges.push([row.firstId, row.firstId + row.span - 1]);
    else for (const ids of send.values()) for (const id of ids) ranges.push([id, id]);
  }
  ranges.sort((a, b) => a[0] - b[0]);
  const low: number[] = [];
  const high: number[] = [];
  for (const [from, to] of ranges) {
    const last = high.at(-1);
    if (last !== undefined && from <= last + 1) high[high.length - 1] = Math.max(last, to);
    else {
      low.push(from);
      high.push(to);
    }
  }
  return [low, high];
}
