import { rowAt } from './rows.ts';

/** Orders as a desk sends them, the same in every run: made of the executions' rows. */
export interface OrderRow {
  blotterId: string | null;
  statusId: string;
  portfolioId: string;
  orderTypeId: string;
  securityId: string;
  quantity: string;
  limitPrice: string | null;
  orderTimestamp: string;
  tradeOrderId: string | null;
}

const PORTFOLIOS = 500;
const BLOTTERS = 5;
const TYPES = ['BUY', 'SELL', 'SHORT', 'COVER', 'EXRC'];

/** The order at a position. A new order has no trade order yet. */
export function orderAt(position: number): OrderRow {
  const { securityId, quantity, limitPrice, tradeType } = rowAt(position);
  return {
    blotterId: position % 10 === 0 ? null : String(1 + (position % BLOTTERS)), statusId: '1', portfolioId: String(position % PORTFOLIOS).padStart(24, '6b'), orderTypeId: String(1 + TYPES.indexOf(tradeType)),
    securityId, quantity, limitPrice, orderTimestamp: `2026-11-22T10:${String(Math.floor(position / 60) % 60).padStart(2, '0')}:${String(position % 60).padStart(2, '0')}.000Z`, tradeOrderId: null,
  };
}

/** The columns of `count` orders, as the batcher hands them to a writer. */
export function columnsOfOrders(from: number, count: number): Record<keyof OrderRow, (string | null)[]> {
  const columns: Record<keyof OrderRow, (string | null)[]> = { blotterId: [], statusId: [], portfolioId: [], orderTypeId: [], securityId: [], quantity: [], limitPrice: [], orderTimestamp: [], tradeOrderId: [] };
  for (let i = 0; i < count; i++) {
    const row = orderAt(from + i);
    for (const name of Object.keys(columns) as (keyof OrderRow)[]) columns[name].push(row[name]);
  }
  return columns;
}

/** The array of `count` orders from a position on, as a client sends it. */
export function jsonOrders(from: number, count: number): Buffer {
  const item = (position: number) => {
    const o = orderAt(position);
    return `{"blotterId":${o.blotterId ?? 'null'},"statusId":${o.statusId},"portfolioId":"${o.portfolioId}","orderTypeId":${o.orderTypeId},"securityId":"${o.securityId}","quantity":${o.quantity},"limitPrice":${o.limitPrice ?? 'null'},"orderTimestamp":"${o.orderTimestamp}","tradeOrderId":null,"version":1}`;
  };
  return Buffer.from(`[${Array.from({ length: count }, (_, i) => item(from + i)).join(',')}]`);
}
