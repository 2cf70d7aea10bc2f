import { Migration } from '@mikro-orm/migrations';

/**
 * Large batches: what is beyond the batch row (whose epoch stays the fence), checkpoints, staged chunks, and items of
 * kinds with a `process` step.
 */
export class M0005LargeBatches extends Migration {
  override up(): void {
    // A large batch outlives its sender and its edge: the reaper of small ones leaves it alone.
    this.addSql(`alter table batch add column large boolean not null default false`);
    this.addSql(`drop index batch_open`);
    this.addSql(`create index batch_open on batch (lease_until) where state = 'open' and not large`);

    // `accepted`: items in the ledger or staged without a gap from the start. `total`: known once the upload is complete.
    this.addSql(`
      create table large_batch (
        id uuid primary key,
        kind text not null,
        client text not null,
        state text not null check (state in ('RECEIVING', 'READY', 'RUNNING', 'PAUSED', 'CANCELLING', 'COMPLETED', 'FAILED', 'CANCELLED')),
        before_pause text check (before_pause in ('RECEIVING', 'RUNNING')),
        staged boolean not null,
        lane text not null default 'normal' check (lane in ('high', 'normal', 'low')),
        parallelism int not null check (parallelism > 0),
        checkpoint_interval int not null check (checkpoint_interval > 0),
        checkpointing boolean not null default true,
        error_policy text not null default 'continue',
        max_retries int not null default 3,
        tags text[] not null default '{}',
        format text,
        csv_header text[],
        parent uuid,
        created_at timestamptz not null default now(),
        started_at timestamptz,
        finished_at timestamptz,
        deadline_at timestamptz not null,
        total int,
        upload_bytes bigint,
        errors jsonb not null default '{}',
        error_code text,
        error_message text,
        carried_ms bigint not null default 0,
        version int not null default 0
      )`);
    this.addSql(`create index large_batch_live on large_batch (deadline_at) where state in ('RECEIVING', 'READY', 'RUNNING', 'PAUSED', 'CANCELLING')`);
    this.addSql(`create index large_batch_created on large_batch (created_at)`);

    // A checkpoint is a report, and the place where an upload that broke off goes on: `items` and `bytes` of the upload are done without a gap.
    this.addSql(`
      create table checkpoint (
        batch_id uuid not null,
        no int not null,
        at timestamptz not null default now(),
        items int not null,
        bytes bigint not null,
        sha bytea,
        written int not null,
        rejected int not null,
        primary key (batch_id, no)
      )`);

    // Staged: kept before it is carried out. Done when the ledger has its range; then the row goes.
    this.addSql(`
      create table chunk (
        batch_id uuid not null,
        first_index int not null,
        span int not null check (span > 0),
        body text not null,
        primary key (batch_id, first_index)
      )`);

    this.addSql(`
      create table item (
        batch_id uuid not null,
        idx int not null,
        state text not null check (state in ('waiting', 'started', 'done', 'failed')),
        attempt int not null default 0,
        next_at timestamptz,
        started_at timestamptz,
        finished_at timestamptz,
        category text,
        error text,
        result jsonb,
        primary key (batch_id, idx)
      )`);
  }

  override down(): void {
    for (const table of ['item', 'chunk', 'checkpoint', 'large_batch']) this.addSql(`drop table ${table}`);
    this.addSql('drop index batch_open');
    this.addSql(`create index batch_open on batch (lease_until) where state = 'open'`);
    this.addSql('alter table batch drop column large');
  }
}
