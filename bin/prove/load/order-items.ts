import { randomOf } from '../random.ts';
import { isBad, markOf, type LoadSeed } from './items.ts';

/** What an order of the load holds, as it has to stand in the table: decimals with eight digits after the point. Its mark is its `securityId`. */
export interface OrderContent {
  securityId: string;
  portfolioId: string;
  blotterId: number | null;
  orderTypeId: number;
  quantity: string;
  limitPrice: string | null;
}

export const ORDER_TIMESTAMP = '2026-11-22T10:00:00.000Z';
const NEW = 1;
/** Members that make an order one that has to be refused: some by what it is, some only by what the database knows. */
const BAD = ['"quantity":-1', '"blotterId":999', '"statusId":77', '"orderTypeId":"BUY"'] as const;

/** An order's content: the same for the same seed, request and index. */
export function orderContent(load: LoadSeed, request: number, index: number): OrderContent {
  const random = randomOf(load.seed, 'order', request, index);
  const digits = (most: number) => `${1 + Math.floor(random() * most)}.${String(Math.floor(random() * 100_000_000)).padStart(8, '0')}`;
  const blotter = Math.floor(random() * 6);
  return {
    securityId: markOf(load, request, index),
    portfolioId: `PORTFOLIO${String(Math.floor(random() * 1_000)).padStart(15, '0')}`,
    blotterId: blotter === 0 ? null : blotter,
    orderTypeId: 1 + Math.floor(random() * 5),
    quantity: digits(1_000_000),
    limitPrice: random() < 0.3 ? null : digits(10_000),
  };
}

/** An order as JSON text, decimals as numbers with all their digits. */
export function orderText({ securityId, portfolioId, blotterId, orderTypeId, quantity, limitPrice }: OrderContent, version = 1): string {
  return `{"blotterId":${blotterId},"statusId":${NEW},"portfolioId":"${portfolioId}","orderTypeId":${orderTypeId},"securityId":"${securityId}","quantity":${quantity},"limitPrice":${limitPrice},"orderTimestamp":"${ORDER_TIMESTAMP}","tradeOrderId":null,"version":${version}}`;
}

/** The body of a bulk creation. */
export function ordersBody(load: LoadSeed, request: number, { items, badShare }: { items: number; badShare: number }): Buffer {
  const texts = Array.from({ length: items }, (_, index) => {
    const good = orderText(orderContent(load, request, index));
    if (!isBad(load, request, index, badShare)) return good;
    const bad = BAD[(request + index) % BAD.length] as string;
    return good.replace(new RegExp(`${bad.slice(0, bad.indexOf(':'))}:[^,]+`), bad);
  });
  return Buffer.from(`[${texts.join(',')}]`);
}

/** The limit price that a client's change of an order on this version brings. */
export function changedPrice(no: number, on: number): string {
  return `${1 + (no % 9_999)}.${String(on).padStart(8, '0')}`;
}
