import { Migration } from '@mikro-orm/migrations';

/** The living relays of each sink: one that owns no shard yet must be seen too, or nobody would give it its share. */
export class M0003RelayMember extends Migration {
  override up(): void {
    this.addSql(`create table relay_member (sink text not null, node text not null, until timestamptz not null, primary key (sink, node))`);
  }

  override down(): void {
    this.addSql('drop table relay_member');
  }
}
