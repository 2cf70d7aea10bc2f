import { Migration } from '@mikro-orm/migrations';

/**
 * What a large batch tells the world, and what the world tells a large batch.
 *
 * An event out is a row of the ledger with op 'event', kind 'batch', its message in `payload`, its name in `event`, and the message's
 * key in `key` (null: the record's id is the key). first_index = the event's number in its batch - 1, version = that number, and first_id
 * the batch's own number, so that all of a batch's events have one shard and one order. It is about no item: what counts items
 * leaves it out (shared/db/queries/ledger-ops.ts).
 */
export class M0009BatchEvents extends Migration {
  override up(): void {
    this.addSql(`alter table ledger drop constraint ledger_op_check, add constraint ledger_op_check check (op in ('insert', 'update', 'replay', 'process', 'event'))`);
    this.addSql(`alter table ledger add column key text, add column event text, add column payload jsonb,
      add constraint ledger_event_check check ((op = 'event') = (event is not null and payload is not null))`);
    // `events`: how many were told. The row's lock gives them their order.
    this.addSql(`alter table large_batch add column no bigint generated always as identity, add column events int not null default 0`);

    // Events in that had their effect: one that comes again changes nothing. `id` is the sender's, or its place in the topic.
    this.addSql(`
      create table batch_command (
        id text primary key,
        batch_id uuid not null,
        type text not null,
        effect text not null,
        at timestamptz not null default now()
      )`);
    this.addSql(`create index batch_command_batch on batch_command (batch_id)`);
  }

  override down(): void {
    this.addSql('drop table batch_command');
    this.addSql('alter table large_batch drop column no, drop column events');
    this.addSql(`delete from ledger where op = 'event'`);
    this.addSql('alter table ledger drop constraint ledger_event_check, drop column key, drop column event, drop column payload');
    this.addSql(`alter table ledger drop constraint ledger_op_check, add constraint ledger_op_check check (op in ('insert', 'update', 'replay', 'process'))`);
  }
}
