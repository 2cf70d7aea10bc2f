import { Migration } from '@mikro-orm/migrations';

/**
 * What the nodes of the fleet have of PostgreSQL's connections, by lease: how many each wants, the least it can work with, and how many
 * its pool may have open, or still has. All nodes of one database share one budget.
 */
export class M0018PoolShares extends Migration {
  override up(): void {
    this.addSql(`
create table pool_share (
  node text primary key,
  wanted int4 not null,
  least int4 not null,
  granted int4 not null,
  joined_at timestamptz not null default clock_timestamp(),
  until timestamptz not null
)`);
  }

  override down(): void {
    this.addSql('drop table pool_share');
  }
}
