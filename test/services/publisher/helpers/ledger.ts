import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { shardOf } from '../../../../shared/records/shard.ts';

/** A dead letter as tests look at it. */
export interface LetterRow {
  id: number;
  record: number;
  version: number;
  state: string;
  code: string;
  class: string;
  reason: string;
  fingerprint: string;
  attempts: number;
  tries: { at: string; code: string }[];
  replays: number;
  payload: string;
  headers: Record<string, string>;
  topic: string;
  partition: number;
  op: string;
  outlived: boolean;
  mirrored: boolean;
}

/** Writes records and the ledger rows that owe them to sinks, by plain SQL, as the writers leave them. */
export class LedgerWriter {
  readonly pool: pg.Pool;
  readonly #shards: number;
  readonly #kind: 'execution' | 'alarm';

  constructor(url: string, shards: number, kind: 'execution' | 'alarm' = 'execution') {
    this.#kind = kind;
    this.pool = new pg.Pool({ connectionString: url, max: 4 });
    this.pool.on('error', () => undefined); // the database is dropped at the end, whoever is connected
    this.#shards = shards;
  }

  /** `slices` slices of `span` executions each, with neighbouring ids from `firstId`, owed to `sink`. */
  async insert(sink: string, firstId: number, span: number, slices = 1): Promise<void> {
    await this.pool.query(
      this.#kind === 'alarm' ? `insert into alarm (id, text, received_timestamp) select id, 'smoke', '2026-11-22T10:00:00.123Z' from generate_series($1::int8, $2::int8) id` :
      `insert into execution (id, execution_status, trade_type, destination, security_id, quantity, limit_price, received_timestamp, trade_service_execution_id)
       select id, 'NEW', 'BUY', 'NYSE', lpad(id::text, 24, 'S'), 100.5, 12.25, '2026-11-22T10:00:00.123Z', id from generate_series($1::int8, $2::int8) id`,
      [firstId, firstId + span * slices - 1],
    );
    await this.pool.query(
      `insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state)
       select $1, n * $3, 'insert', $2, $7, $3, (($4 + n * $3) / 1024) % $6, $4 + n * $3, 1, $3, 0, 'test', 'waiting' from generate_series(0, $5 - 1) n`,
      [randomUUID(), sink, span, firstId, slices, this.#shards, this.#kind],
    );
  }

  /** A new version of one record, with its ledger row, in one transaction, as the writer makes it. */
  async update(sinks: readonly string[], id: number): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      const { rows } = await client.query<{ version: number }>(`update ${this.#kind} set ${this.#kind === 'execution' ? 'quantity_filled = quantity_filled + 1, ' : ''}version = version + 1 where id = $1 returning version`, [id]);
      await client.query(
        `insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, trace)
         select $1, 0, 'update', sink, $6, 1, $2, $3, $4, 1, 0, 'test', 'waiting', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' from unnest($5::text[]) sink`,
        [randomUUID(), shardOf(id, this.#shards), id, rows[0]?.version, sinks, this.#kind],
      );
      await client.query('commit');
    } finally {
      client.release();
    }
  }

  /** Rows of the ledger by state. */
  async states(sink: string): Promise<Record<string, number>> {
    const { rows } = await this.pool.query<{ state: string; n: number }>(`select state, count(*)::int as n from ledger where sink = $1 group by state`, [sink]);
    return Object.fromEntries(rows.map((r) => [r.state, r.n]));
  }

  async isDone(sink: string): Promise<boolean> {
    const states = await this.states(sink);
    return (states.waiting ?? 0) === 0 && (states.done ?? 0) > 0;
  }

  /** The version of each record. */
  async versions(): Promise<Map<number, number>> {
    const { rows } = await this.pool.query<{ id: number; version: number }>(`select id::int, version from ${this.#kind}`);
    return new Map(rows.map((r) => [r.id, r.version]));
  }

  async sum(sink: string): Promise<{ delivered: number; superseded: number; attempts: number }> {
    const { rows } = await this.pool.query<{ delivered: number; superseded: number; attempts: number }>(
      `select sum(delivered)::int as delivered, sum(superseded)::int as superseded, sum(attempts)::int as attempts from ledger where sink = $1`, [sink]);
    return rows[0] ?? { delivered: 0, superseded: 0, attempts: 0 };
  }

  /** Makes the record's message longer than any other, by some 60 bytes. */
  async enlarge(id: number): Promise<void> {
    await this.pool.query(`update execution set destination = 'ABCDEFGHIJKLMNOPQRST', quantity = 9999999999, quantity_filled = 9999999998, limit_price = 9999999999, average_price = 9999999999 where id = $1`, [id]);
  }

  /** Asks for a replay, as the gateway does; its id. */
  async replay(sink: string, filter: object, rate = 1_000): Promise<string> {
    const id = uuidv7();
    await this.pool.query(`insert into replay (id, sink, filter, rate, total, requested_by) values ($1, $2, $3, $4, 0, 'test')`, [id, sink, JSON.stringify(filter), rate]);
    return id;
  }

  async replayState(id: string): Promise<{ state: string; released: number } | undefined> {
    return (await this.pool.query<{ state: string; released: number }>('select state, released from replay where id = $1', [id])).rows[0];
  }

  async letters(): Promise<LetterRow[]> {
    return (await this.pool.query<LetterRow>('select id::int, record_id::int as record, version, state, code, class, reason, fingerprint, attempts, tries, replays, payload, headers, topic, partition, op, outlived, mirrored_at is not null as mirrored from dead_letter order by id')).rows;
  }

  /** Whether every row, replays too, adds up: written = delivered + superseded + dead + waiting, and each dead one is a letter. */
  async breaches(): Promise<unknown[]> {
    const { rows } = await this.pool.query<Record<string, unknown>>(
      `select l.* from ledger l
       where (l.state = 'done' and l.written <> l.delivered + l.superseded + l.dead) or l.written < l.delivered + l.superseded + l.dead
          or (l.op <> 'replay' and l.dead <> (select count(*) from dead_letter d where d.batch_id = l.batch_id and d.first_index = l.first_index and d.op = l.op and d.sink = l.sink))
          or (l.op = 'replay' and (l.state = 'waiting') <> exists (select 1 from dead_letter d where d.replay_id = l.batch_id and d.record_id = l.first_id and d.sink = l.sink and d.version = l.version and d.state = 'replaying'))`);
    return rows;
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}
