import type { Pool, PoolClient } from 'pg';
import { median } from './percentile.ts';

const ROWS = 500;
/** Flushes before those that count, so that the pages an index writes to are in memory as they are in use. */
const WARM = 200;
const MEASURED = 60;

export interface IndexCost {
  /** Index, or what was measured instead. */
  name: string;
  /** Median of an insert of 500 rows, in ms. */
  ms: number;
  /** To the same insert with the primary key alone. */
  ratio: number;
}

/**
 * What each secondary index costs an insert of 500 rows by `unnest`: beside the primary key alone, then all together.
 * The other indexes are dropped within a transaction that is rolled back, so the table stays as it is; commit and its
 * wait for the disk are left out, which would make every ratio smaller.
 */
export async function measureIndexes(pool: Pool, firstId: number): Promise<IndexCost[]> {
  const client = await pool.connect();
  try {
    await client.query('set statement_timeout = 0; set transaction_timeout = 0; set lock_timeout = 0');
    const indexes = (await client.query<{ name: string }>(`select indexrelid::regclass::text as name from pg_index where indrelid = 'execution'::regclass and not indisprimary order by 1`)).rows.map((row) => row.name);
    const next = { id: firstId };
    const measure = (keep: readonly string[]) => withIndexes(client, indexes.filter((name) => !keep.includes(name)), next);
    const alone = await measure([]);
    const costs: IndexCost[] = [{ name: 'primary key alone', ms: alone, ratio: 1 }];
    for (const name of indexes) {
      const ms = await measure([name]);
      costs.push({ name, ms, ratio: ms / alone });
    }
    const ms = await measure(indexes);
    costs.push({ name: 'all together', ms, ratio: ms / alone });
    const again = await measure([]);
    costs.push({ name: 'primary key alone, again', ms: again, ratio: again / alone });
    return costs;
  } finally {
    client.release(true);
  }
}

async function withIndexes(client: PoolClient, dropped: readonly string[], next: { id: number }): Promise<number> {
  await client.query('begin');
  if (dropped.length > 0) await client.query(`drop index ${dropped.join(', ')}`);
  const times: number[] = [];
  for (let i = 0; i < WARM + MEASURED; i++) {
    const values = rowsFrom(next.id);
    next.id += ROWS;
    const started = performance.now();
    await client.query({ name: 'bench-insert', text: INSERT, values });
    if (i >= WARM) times.push(performance.now() - started);
  }
  await client.query('rollback');
  return median(times);
}

const INSERT = `
insert into execution (id, execution_status, trade_type, destination, security_id, quantity, limit_price, received_timestamp, trade_service_execution_id)
select id, 'NEW', tt, dest, sec, 100.5, 10.25, now(), tse from unnest($1::int8[], $2::text[], $3::text[], $4::text[], $5::int4[]) as r(id, tt, dest, sec, tse)`;

/** New records as clients send them: few destinations, many securities. */
function rowsFrom(id: number): unknown[] {
  const each = <T>(make: (i: number) => T) => Array.from({ length: ROWS }, (_, i) => make(i));
  return [
    each((i) => id + i),
    each(() => (Math.random() < 0.5 ? 'BUY' : 'SELL')),
    each(() => { const u = Math.random(); return u < 0.5 ? 'NYSE' : u < 0.75 ? 'NASDAQ' : `DEST-${String(Math.floor(40 * ((u - 0.75) * 4) ** 2)).padStart(2, '0')}`; }),
    each(() => `SEC${String(Math.floor(20_000 * Math.random() ** 3)).padStart(21, '0')}`),
    each((i) => (i % 10 === 0 ? (id + i) % 2_147_483_647 : null)),
  ];
}
