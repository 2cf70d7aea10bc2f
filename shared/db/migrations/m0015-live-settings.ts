import { Migration } from '@mikro-orm/migrations';

/** Settings that were changed while Sluice runs, and every change there ever was. */
export class M0015LiveSettings extends Migration {
  override up(): void {
    this.addSql(`
create table setting_change (
  id int8 generated always as identity primary key,
  name text not null,
  before text,
  after text,
  who text not null,
  request_id text,
  why text,
  at timestamptz not null default now(),
  reverts int8 references setting_change
)`);
    this.addSql('create index setting_change_name on setting_change (name, id)');
    this.addSql(`
create table live_setting (
  name text primary key,
  value text not null,
  change_id int8 not null references setting_change
)`);
  }

  override down(): void {
    this.addSql('drop table live_setting');
    this.addSql('drop table setting_change');
  }
}
