import { Migration } from '@mikro-orm/migrations';

/**
 * Kinds with a `process` step. `auto_start`: the batch is staged, and starts by itself once its upload is complete. `input`: the
 * item of a failed attempt that was its last, so that it can be tried again in another batch.
 */
export class M0008ProcessedItems extends Migration {
  override up(): void {
    this.addSql(`alter table large_batch add column auto_start boolean not null default false`);
    this.addSql(`alter table item add column input jsonb`);
  }

  override down(): void {
    this.addSql(`alter table item drop column input`);
    this.addSql(`alter table large_batch drop column auto_start`);
  }
}
