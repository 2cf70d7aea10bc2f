import { Migration } from '@mikro-orm/migrations';

/** Keys of the REST interface. A revoked key stays, so that the audit's names can be explained. */
export class M0014ApiKeys extends Migration {
  override up(): void {
    this.addSql(`
create table api_key (
  id text primary key,
  client text not null,
  hash bytea not null,
  roles text[] not null,
  kinds text[],
  rate_per_second int4,
  max_in_flight int4,
  created_at timestamptz not null default now(),
  created_by text not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  revoked_by text
)`);
  }

  override down(): void {
    this.addSql('drop table api_key');
  }
}
