import { Migration } from '@mikro-orm/migrations';

/** The engine's own tables: batches, the ledger, keys, id blocks, shards. Tables of record kinds come with their kinds. */
export class M0001Engine extends Migration {
  override up(): void {
    this.addSql(`
      create table batch (
        id uuid primary key,
        kind text not null,
        client text not null,
        epoch int not null default 0,
        state text not null check (state in ('open', 'closed')),
        requested int not null,
        received_at timestamptz(3) not null,
        closed_at timestamptz,
        lease_owner text,
        lease_until timestamptz
      )`);
    this.addSql(`create index batch_open on batch (lease_until) where state = 'open'`);

    this.addSql(`create sequence ledger_id cache 1`);
    this.addSql(`
      create table ledger (
        id bigint not null default nextval('ledger_id'),
        batch_id uuid not null,
        first_index int not null,
        op text not null check (op in ('insert', 'update')),
        sink text not null,
        kind text not null,
        span int not null check (span > 0),
        shard smallint not null,
        first_id bigint not null,
        version int not null,
        written int not null,
        rejected int not null,
        rejects jsonb,
        node text not null,
        at timestamptz not null default clock_timestamp(),
        state text not null check (state in ('waiting', 'done', 'none')),
        attempts int not null default 0,
        next_at timestamptz,
        acks jsonb,
        delivered int not null default 0,
        superseded int not null default 0,
        sent_at timestamptz,
        last_error text,
        trace text,
        primary key (batch_id, first_index, op, sink),
        check (written + rejected = span)
      ) partition by range (batch_id)`);
    this.addSql(`create table ledger_default partition of ledger default`);
    this.addSql(`create index ledger_waiting on ledger (sink, shard, id) where state = 'waiting'`);
    this.addSql(`create index ledger_insert_range on ledger (kind, first_id) where op = 'insert' and written > 0`);

    this.addSql(`
      create table idempotency (
        client text not null,
        key text not null,
        sha bytea not null,
        batch_id uuid not null,
        at timestamptz not null default now(),
        primary key (client, key)
      ) partition by hash (client, key)`);
    for (let i = 0; i < 8; i++) {
      this.addSql(`create table idempotency_${i} partition of idempotency for values with (modulus 8, remainder ${i})`);
    }
    this.addSql(`create index idempotency_at on idempotency (at)`);

    this.addSql(`create table id_block (kind text primary key, next_block bigint not null)`);
    this.addSql(`
      create table relay_shard (
        sink text not null,
        shard smallint not null,
        owner text,
        epoch bigint not null default 0,
        until timestamptz not null default '-infinity',
        primary key (sink, shard)
      )`);
    this.addSql(`create table sink_topic (sink text primary key, topic text not null, partitions int not null)`);
    this.addSql(`create table fixed_setting (name text primary key, value text not null)`);
  }

  override down(): void {
    throw new Error('the first migration is not taken back: drop the database instead');
  }
}
