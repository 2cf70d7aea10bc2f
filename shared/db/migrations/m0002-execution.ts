import { Migration } from '@mikro-orm/migrations';

/** The table of the kind `execution`. */
export class M0002Execution extends Migration {
  override up(): void {
    this.addSql(`
      create table "execution" (
        "id" bigint not null primary key,
        "execution_status" varchar(20) not null,
        "trade_type" varchar(10) not null,
        "destination" varchar(20) not null,
        "security_id" varchar(24) not null,
        "quantity" numeric(18,8) not null,
        "limit_price" numeric(18,8) null,
        "received_timestamp" timestamptz(3) not null,
        "trade_service_execution_id" int null,
        "quantity_filled" numeric(18,8) not null default '0',
        "average_price" numeric(18,8) null,
        "version" int not null default 1
      )`);
    this.addSql(`create index "execution_status_id" on "execution" ("execution_status", "id")`);
    this.addSql(`create index "execution_trade_type_id" on "execution" ("trade_type", "id")`);
    this.addSql(`create index "execution_destination_id" on "execution" ("destination", "id")`);
    this.addSql(`create index "execution_security_id_id" on "execution" ("security_id", "id")`);
    this.addSql(`create index "execution_trade_service_execution_id" on "execution" ("trade_service_execution_id") where "trade_service_execution_id" is not null`);
  }

  override down(): void {
    this.addSql('drop table "execution"');
  }
}
