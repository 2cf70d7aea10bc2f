import { Migration } from '@mikro-orm/migrations';

/**
 * Orders and their lookup tables. An order is in submission while its status is NEW and it has a submission id: whose, until when by the
 * database's clock, since when, and why a person must look at it.
 */
export class M0011Orders extends Migration {
  override up(): void {
    this.addSql(`create table "order_status" ("id" int not null primary key, "abbreviation" varchar(20) not null, "description" varchar(60) not null, "version" int not null default 1)`);
    this.addSql(`create table "order_type" ("id" int not null primary key, "abbreviation" varchar(20) not null, "description" varchar(60) not null, "version" int not null default 1)`);
    this.addSql(`create table "blotter" ("id" int not null primary key, "name" varchar(60) not null, "version" int not null default 1)`);
    this.addSql(`insert into "order_status" ("id", "abbreviation", "description") values (1, 'NEW', 'New'), (2, 'SENT', 'Sent'), (3, 'WORK', 'Work'), (4, 'FULL', 'Full'), (5, 'PART', 'Partial'),
      (6, 'HOLD', 'Hold'), (7, 'CNCL', 'Cancel'), (8, 'CNCLD', 'Cancelled'), (9, 'CPART', 'Cancelled, partially filled'), (10, 'DEL', 'Deleted')`);
    this.addSql(`insert into "order_type" ("id", "abbreviation", "description") values (1, 'BUY', 'Buy'), (2, 'SELL', 'Sell'), (3, 'SHORT', 'Sell short'), (4, 'COVER', 'Buy to cover'), (5, 'EXRC', 'Exercise')`);
    this.addSql(`insert into "blotter" ("id", "name") values (1, 'Default'), (2, 'Equity'), (3, 'Fixed Income'), (4, 'Hold'), (5, 'Crypto')`);
    this.addSql(`
      create table "orders" (
        "id" bigint not null primary key,
        "blotter_id" int null constraint "orders_blotter_id_foreign" references "blotter" ("id"),
        "status_id" int not null constraint "orders_status_id_foreign" references "order_status" ("id"),
        "portfolio_id" varchar(24) not null,
        "order_type_id" int not null constraint "orders_order_type_id_foreign" references "order_type" ("id"),
        "security_id" varchar(24) not null,
        "quantity" numeric(18,8) not null,
        "limit_price" numeric(18,8) null,
        "order_timestamp" timestamptz(3) not null,
        "trade_order_id" int null constraint "orders_trade_order_id_unique" unique,
        "version" int not null default 1,
        "submission_id" uuid null,
        "submission_until" timestamptz null,
        "submission_started" timestamptz null,
        "submission_flag" text null
      )`);
  }

  override down(): void {
    for (const table of ['orders', 'blotter', 'order_type', 'order_status']) this.addSql(`drop table "${table}"`);
  }
}
