import { Migration } from '@mikro-orm/migrations';

/** Who is logged in at the console: a hash of what the browser's cookie holds, and the key that it was given for. */
export class M0021ConsoleSessions extends Migration {
  override up(): void {
    this.addSql(`
create table console_session (
  hash bytea primary key,
  key_id text not null references api_key (id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
)`);
    this.addSql('create index console_session_expires on console_session (expires_at)');
  }

  override down(): void {
    this.addSql('drop table console_session');
  }
}
