import { Migration } from '@mikro-orm/migrations';

/**
 * Staged chunks are handed out by leases. `epoch`: the batch's when the chunk was taken last; taken again at the same one,
 * the batch gets a new one first, so that nothing of the try before can be written any more.
 */
export class M0007ChunkLeases extends Migration {
  override up(): void {
    this.addSql(`
      alter table chunk add column rejected int not null default 0, add column lease_owner text, add column lease_until timestamptz,
        add column attempts int not null default 0, add column epoch int, add column trace text`);
    this.addSql(`create index chunk_leased on chunk (batch_id) where lease_owner is not null`);
  }

  override down(): void {
    this.addSql('drop index chunk_leased');
    this.addSql('alter table chunk drop column rejected, drop column lease_owner, drop column lease_until, drop column attempts, drop column epoch, drop column trace');
  }
}
