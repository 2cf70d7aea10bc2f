import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../target.ts';

/** What is still owed, by the tables. */
export interface Owed {
  /** Batches that are open. */
  batches: number;
  /** Ledger rows that wait for delivery. */
  rows: number;
  /** Orders in submission that no person was called for. */
  orders: number;
}

const LOOK_MS = 250;

/** What is owed now, or was before `before` (PostgreSQL's text of an instant). */
export async function owedNow(target: Target, before = 'infinity'): Promise<Owed> {
  const [owed] = await target.postgres.sql<Owed>(`select (select count(*) from batch where state = 'open' and received_at < $1)::int as batches, (select count(*) from ledger where state = 'waiting' and at < $1)::int as rows,
    (select count(*) from orders where submission_id is not null and trade_order_id is null and (submission_flag is null or submission_flag = 'unknown'))::int as orders`, [before]);
  return owed ?? { batches: 0, rows: 0, orders: 0 };
}

/** Waits until nothing is owed any more. Resolves with what is owed when time is over: nothing, if all went well. */
export async function untilQuiet(target: Target, withinMs: number): Promise<Owed> {
  const until = performance.now() + withinMs;
  for (;;) {
    const owed = await owedNow(target);
    if ((owed.batches === 0 && owed.rows === 0 && owed.orders === 0) || performance.now() > until) return owed;
    await sleep(LOOK_MS, undefined, { signal: target.stopped });
  }
}
