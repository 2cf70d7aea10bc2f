import { Migration } from '@mikro-orm/migrations';

/** Changes of settings that take themselves back where they make things worse; one is watched at a time, so that what becomes worse is its doing. */
export class M0020SettingGuards extends Migration {
  override up(): void {
    this.addSql(`
create table setting_guard (
  change_id int8 primary key references setting_change,
  name text not null,
  at timestamptz not null default now(),
  until timestamptz not null,
  before jsonb not null,
  progress jsonb not null,
  outcome text check (outcome in ('held', 'reverted', 'no-verdict', 'changed-again')),
  ended_at timestamptz,
  reason text
)`);
    this.addSql('create unique index setting_guard_open on setting_guard ((true)) where outcome is null');
  }

  override down(): void {
    this.addSql('drop table setting_guard');
  }
}
