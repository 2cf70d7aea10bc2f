import { Migration } from '@mikro-orm/migrations';

/** What other services call the securities and portfolios of orders, as far as they were asked; null where they do not know. */
export class M0016OrderNames extends Migration {
  override up(): void {
    this.addSql(`create table "security_ticker" ("security_id" varchar(24) not null primary key, "ticker" varchar(60), "asked_at" timestamptz not null default now())`);
    this.addSql(`create table "portfolio_name" ("portfolio_id" varchar(24) not null primary key, "name" varchar(200), "asked_at" timestamptz not null default now())`);
  }

  override down(): void {
    this.addSql('drop table "portfolio_name"');
    this.addSql('drop table "security_ticker"');
  }
}
