import type { Pool } from 'pg';
import { firstUuidAt } from '../../shared/db/ledger-partitions.ts';

/** Rows written by one statement: whole id blocks. */
const PART = 262_144;
const BLOCK = 1_024;

/**
 * Fills the execution table with `rows` records, and the ledger with one row for each block of 1,024, as a table that has
 * been used for long looks: half of all records share a status and a destination, others have five; old records are
 * filled and new ones are NEW, so that a status does not lie evenly among the ids; a few securities are traded by the
 * hundred thousand, thousands now and then. The last block has not been delivered yet.
 */
export async function generate(pool: Pool, rows: number, sessions: number): Promise<void> {
  const parts = Math.ceil(rows / PART);
  let next = 0;
  const work = async () => {
    const client = await pool.connect();
    try {
      await client.query('set synchronous_commit = off; set statement_timeout = 0; set transaction_timeout = 0');
      for (let part = next++; part < parts; part = next++) {
        const low = BLOCK + part * PART;
        const high = Math.min(low + PART, BLOCK + rows) - 1;
        await client.query(RECORDS, [low, high, BLOCK, rows]);
        await client.query(LEDGER, [low, high, BLOCK + rows, firstUuidAt(new Date()).slice(0, 13)]);
      }
    } finally {
      client.release(true);
    }
  };
  await Promise.all(Array.from({ length: sessions }, work));
}

/** Rows that all parts share by chance are drawn with `random()`; those that a case needs exactly stand at fixed ids. */
const RECORDS = `
insert into execution (id, execution_status, trade_type, destination, security_id, quantity, limit_price, received_timestamp, trade_service_execution_id, quantity_filled, average_price, version)
select id,
  case when nth in (11, 1100011, 2100011, 3100011, 4100011) then 'REJECTED'
       when nth % 200003 = 17 then 'HOLD'
       when age > 0.92 then case when s < 0.9 then 'NEW' when s < 0.95 then 'SENT' else 'WORK' end
       when s < 0.5 then 'FULL' when s < 0.8 then 'FILLED' when s < 0.9 then 'PART' when s < 0.97 then 'CANCELLED' when s < 0.99 then 'NEW' when s < 0.999 then 'SENT' else 'PENDING' end,
  case when nth in (13, 1100013, 2100013, 3100013, 4100013) then 'EXRC' when t < 0.5 then 'BUY' when t < 0.88 then 'SELL' when t < 0.97 then 'SHORT' else 'COVER' end,
  case when nth in (19, 1100019, 2100019, 3100019, 4100019) then 'XFIVE' when nth % 100003 = 23 then 'XRARE' when age < 0.01 and d > 0.9 then 'XOLD'
       when d < 0.5 then 'NYSE' when d < 0.75 then 'NASDAQ' else 'DEST-' || lpad((40 * power((d - 0.75) * 4, 2))::int::text, 2, '0') end,
  case when nth % 200003 = 29 then 'RARE' || lpad((nth % 7)::text, 20, '0') else 'SEC' || lpad((20000 * power(c, 3))::int::text, 21, '0') end,
  (q * 100000 + 1)::int, case when l < 0.3 then null else (l * 50000)::int / 100.0 end,
  '2026-01-01'::timestamptz + (id / 500) * interval '1 s',
  case when nth % 10 = 0 then (nth % 2147483647)::int end, 0, null, 1
from (
  select id, id - $3::int8 as nth, (id - $3::int8)::float8 / $4::int8 as age, random() as s, random() as t, random() as d, random() as c, random() as q, random() as l
  from generate_series($1::int8, $2::int8) as id
) r`;

const LEDGER = `
insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, delivered, sent_at)
select ($4 || '-7000-8000-' || lpad(to_hex(first), 12, '0'))::uuid, 0, 'insert', 'kafka:orders', 'execution', n, (first / 1024) % 32, first, 1, n, 0, 'bench',
       case when sent then 'done' else 'waiting' end, case when sent then n else 0 end, case when sent then '2026-01-01'::timestamptz + (first / 500 + 1) * interval '1 s' end
from (
  select first, least(1024, $2::int8 - first + 1)::int as n, first + 1024 < $3::int8 as sent
  from generate_series($1::int8, $2::int8, 1024) as first
) b`;
