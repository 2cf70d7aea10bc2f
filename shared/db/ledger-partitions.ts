import type { Pool } from 'pg';

const MONTHS_AHEAD = 2;

/**
 * Makes the ledger's partitions of this month and the next ones, where they are missing. The ledger is partitioned by
 * range of batch id, whose first 48 bits are the batch's time in milliseconds (UUID version 7, RFC 9562), so that a
 * repeat after midnight meets the same unique key. What no partition covers lands in `ledger_default`.
 */
export async function ensureLedgerPartitions(pool: Pool, now: Date): Promise<void> {
  for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead++) {
    const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
    const to = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead + 1, 1));
    const name = `ledger_${from.toISOString().slice(0, 7).replace('-', '_')}`;
    const found = await pool.query<{ there: boolean }>('select to_regclass($1) is not null as there', [name]);
    if (found.rows[0]?.there === true) continue;
    await pool.query(
      `create table if not exists ${name} partition of ledger for values from ('${firstUuidAt(from)}') to ('${firstUuidAt(to)}')
         with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1)`,
    );
  }
}

/** The smallest UUID version 7 of an instant. */
export function firstUuidAt(at: Date): string {
  const hex = at.getTime().toString(16).padStart(12, '0').padEnd(32, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
