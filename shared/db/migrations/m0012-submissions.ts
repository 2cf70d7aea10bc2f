import { Migration } from '@mikro-orm/migrations';

/**
 * What submissions of orders keep beside the orders themselves. `submission_request`: the answer of a request with an Idempotency-Key,
 * and until when its edge is at work on it. `duty`: work that one node of the fleet does at a time, by lease.
 */
export class M0012Submissions extends Migration {
  override up(): void {
    this.addSql(`
      create table submission_request (
        id uuid primary key,
        until timestamptz not null,
        answer jsonb,
        at timestamptz not null default now()
      )`);
    this.addSql(`create index submission_request_at on submission_request (at)`);
    this.addSql(`create table duty (name text primary key, owner text not null, until timestamptz not null)`);
    // What has no known end yet, oldest lease first; empty but for what is under way.
    this.addSql(`create index orders_in_submission on orders (submission_until) where submission_id is not null and trade_order_id is null`);
  }

  override down(): void {
    this.addSql('drop index orders_in_submission');
    this.addSql('drop table duty');
    this.addSql('drop table submission_request');
  }
}
