import { Migration } from '@mikro-orm/migrations';

/**
 * A record that was deleted: a row of the ledger with op 'delete', the record's id, the version that its deletion made, and in `payload` the
 * message that is told of it, for there is no record any more that one could be made of.
 */
export class M0017Deletions extends Migration {
  override up(): void {
    this.addSql(`alter table ledger drop constraint ledger_op_check, add constraint ledger_op_check check (op in ('insert', 'update', 'delete', 'replay', 'process', 'event'))`);
    this.addSql(`alter table ledger drop constraint ledger_event_check,
      add constraint ledger_event_check check ((op = 'event') = (event is not null) and (op in ('event', 'delete')) = (payload is not null))`);
  }

  override down(): void {
    this.addSql(`delete from ledger where op = 'delete'`);
    this.addSql(`alter table ledger drop constraint ledger_event_check, add constraint ledger_event_check check ((op = 'event') = (event is not null and payload is not null))`);
    this.addSql(`alter table ledger drop constraint ledger_op_check, add constraint ledger_op_check check (op in ('insert', 'update', 'replay', 'process', 'event'))`);
  }
}
