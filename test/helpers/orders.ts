import { query } from './query.ts';

let next = 1;

/** Stores NEW orders straight into the table, as they are before they are submitted; answers their ids. */
export async function storeOrders(databaseUrl: string, count: number, over: Record<string, unknown> = {}): Promise<number[]> {
  const ids = Array.from({ length: count }, () => 5_000_000 + next++);
  const { limitPrice = '12.50000000', statusId = 1, tradeOrderId = null, submissionId = null, security = 'S', quantity = '100.12345678' } = over;
  await query(databaseUrl, `
    insert into orders (id, blotter_id, status_id, portfolio_id, order_type_id, security_id, quantity, limit_price, order_timestamp, trade_order_id, version, submission_id, submission_until, submission_started)
    select id, 1, $2, rpad('P', 24, '0'), 1, rpad($3 || id, 24, '0'), $4::numeric, $5::numeric, now(), $6, 1, $7::uuid, case when $7::uuid is null then null else now() + interval '1 second' end, case when $7::uuid is null then null else now() end from unnest($1::bigint[]) id`,
  [ids, statusId, security, quantity, limitPrice, tradeOrderId, submissionId]);
  return ids;
}

/** An order as the table has it. */
export interface OrderRow {
  id: number;
  status: string;
  trade: number | null;
  version: number;
  inSubmission: boolean;
  flag: string | null;
}

/** Orders by id, ascending. */
export async function orderRows(databaseUrl: string, ids: readonly number[]): Promise<OrderRow[]> {
  return query<OrderRow>(databaseUrl, `
    select o.id::int as id, s.abbreviation as status, o.trade_order_id as trade, o.version, o.submission_id is not null and o.trade_order_id is null as "inSubmission", o.submission_flag as flag
    from orders o join order_status s on s.id = o.status_id where o.id = any($1) order by o.id`, [ids]);
}
