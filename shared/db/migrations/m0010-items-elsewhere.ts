import { Migration } from '@mikro-orm/migrations';

/**
 * Items that are carried out elsewhere, and what large batches tell while they are carried out.
 *
 * `handed`: number of the ledger row by which the newest attempt at the item was handed out; null where none was. The row has op 'event',
 * kind 'item', first_id = that number, first_index = its last 31 bits, version = the attempt.
 */
export class M0010ItemsElsewhere extends Migration {
  override up(): void {
    this.addSql(`create sequence handout_no`);
    this.addSql(`alter table item add column handed bigint`);
    // `carried`: made while staged chunks are carried out; the others are of the upload.
    this.addSql(`alter table checkpoint add column carried boolean not null default false`);
    // Commands are forgotten after a while, oldest first.
    this.addSql(`create index batch_command_at on batch_command (at)`);
  }

  override down(): void {
    this.addSql(`drop index batch_command_at`);
    this.addSql(`alter table checkpoint drop column carried`);
    this.addSql(`alter table item drop column handed`);
    this.addSql(`drop sequence handout_no`);
  }
}
