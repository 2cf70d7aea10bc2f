import type { TradeOrderInput } from './trade-store.ts';

/** What an order is refused for, by its position in the call. */
export type Reasons = Map<number, string>;

const LONGEST_CALL = 10_000;
const EXACT = new Set(['quantity', 'limitPrice', 'quantityFilled']);

/** JSON with decimals as the text they were sent as. */
export function parseDecimals(text: string): unknown {
  const exact = (key: string, value: unknown, context?: { source?: string }) => (typeof value === 'number' && EXACT.has(key) ? (context?.source ?? String(value)) : value);
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
}

/** The orders of a bulk call, and what is wrong with each; undefined where it is no such call. */
export function readOrders(body: unknown): { orders: TradeOrderInput[]; reasons: Reasons } | undefined {
  const given = (body as { tradeOrders?: unknown } | null)?.tradeOrders;
  if (!Array.isArray(given) || given.length === 0 || given.length > LONGEST_CALL) return undefined;
  const reasons: Reasons = new Map();
  const orders = given.map((each: unknown, i) => {
    const order = (typeof each === 'object' && each !== null ? each : {}) as Partial<TradeOrderInput>;
    const fault = faultOf(order);
    if (fault !== undefined) reasons.set(i, fault);
    return { ...order, limitPrice: order.limitPrice ?? null, blotterId: order.blotterId ?? null } as TradeOrderInput;
  });
  return { orders, reasons };
}

function faultOf({ orderId, portfolioId, orderType, securityId, quantity, limitPrice, tradeTimestamp, blotterId }: Partial<TradeOrderInput>): string | undefined {
  if (!Number.isSafeInteger(orderId)) return 'orderId must be a whole number';
  if (typeof portfolioId !== 'string' || portfolioId.length !== 24) return 'portfolioId must have 24 characters';
  if (typeof securityId !== 'string' || securityId.length !== 24) return 'securityId must have 24 characters';
  if (typeof orderType !== 'string' || orderType === '') return 'orderType is missing';
  if (!(Number(quantity) > 0)) return 'quantity must be greater than 0';
  if (limitPrice != null && !(Number(limitPrice) > 0)) return 'limitPrice must be greater than 0';
  if (typeof tradeTimestamp !== 'string' || Number.isNaN(Date.parse(tradeTimestamp))) return 'tradeTimestamp must be a time';
  if (blotterId != null && !Number.isSafeInteger(blotterId)) return 'blotterId must be a whole number';
  return undefined;
}
