import { Migration } from '@mikro-orm/migrations';

/** Receipts tell a record's later changes and replays: those rows are found by record. Inserts, the many, stay out of the index. */
export class M0006Receipts extends Migration {
  override up(): void {
    this.addSql(`create index ledger_change on ledger (kind, first_id, version) where op <> 'insert'`);
  }

  override down(): void {
    this.addSql('drop index ledger_change');
  }
}
