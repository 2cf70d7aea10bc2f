import { storableText } from '../../../shared/records/storable-text.ts';

/** What the trade service's answer to a bulk call says of its orders, by orderId. */
export type Reply =
  /** Stored. Orders that the answer does not name clearly are unknown: to be asked for. */
  | { reply: 'accepted'; sent: Map<number, number>; unknown: number[] }
  /** Nothing was stored, for what these orders are. */
  | { reply: 'refused'; reasons: Map<number, string> }
  /** Nothing was stored, for what some order is; it does not say which. */
  | { reply: 'refused-whole'; message: string }
  /** Nothing was stored, for another reason than the orders: who asks, how, or how often. */
  | { reply: 'not-taken'; status: number }
  /** It may be stored or not. */
  | { reply: 'unknown'; why: string };

/** Answers to what a call holds; 413 concerns all of it together, so that a smaller one may pass. */
const OF_THE_ORDERS = new Set([400, 409, 413, 422]);
/**
 * Answers that by their meaning (RFC 9110) were given before anything was done: where else to ask, who may, how, or how often. Any other
 * one that is not known here may come after the work, as a 303 does, or a 302 of a service that means it so: it is asked for.
 */
const BEFORE_THE_WORK = new Set([301, 307, 308, 401, 403, 404, 405, 407, 411, 414, 415, 421, 426, 429, 431]);
const LONGEST_REASON = 500;
const INT_MAX = 2_147_483_647;

interface Result {
  requestIndex?: unknown;
  orderId?: unknown;
  status?: unknown;
  message?: unknown;
  tradeOrder?: { id?: unknown; orderId?: unknown } | null;
}

/**
 * Reads an answer. Results are matched by orderId, never by their place in the answer; where a refusal names none, its requestIndex is
 * the place in the call that we made.
 * @param orderIds of the call, in its order
 */
export function readReply(orderIds: readonly number[], status: number, text: string): Reply {
  if (BEFORE_THE_WORK.has(status)) return { reply: 'not-taken', status };
  if ((status < 200 || status > 299) && !OF_THE_ORDERS.has(status)) return { reply: 'unknown', why: `http-${status}` };
  const body = parse(text);
  if (status < 300) return body === undefined ? { reply: 'unknown', why: 'no-json' } : { reply: 'accepted', ...readSent(orderIds, resultsOf(body)) };
  const reasons = status === 413 ? new Map<number, string>() : readReasons(orderIds, resultsOf(body));
  if (reasons.size > 0) return { reply: 'refused', reasons };
  const message = (body as { message?: unknown } | null | undefined)?.message;
  return { reply: 'refused-whole', message: typeof message === 'string' ? storableText(message, LONGEST_REASON) : `The trade service answered ${status}.` };
}

function readSent(orderIds: readonly number[], results: readonly Result[]): { sent: Map<number, number>; unknown: number[] } {
  const asked = new Set(orderIds);
  const found = new Map<number, Set<number>>();
  const holders = new Map<number, Set<number>>();
  for (const { status, tradeOrder } of results) {
    const { id, orderId } = tradeOrder ?? {};
    if (!isId(id) || !isId(orderId) || !asked.has(orderId) || (status !== undefined && status !== 'SUCCESS')) continue;
    add(found, orderId, id);
    add(holders, id, orderId);
  }
  const sent = new Map<number, number>();
  for (const [orderId, ids] of found) {
    const [id] = ids;
    // An order with two trade orders, or a trade order of two orders, is not clear: it is asked for.
    if (ids.size === 1 && id !== undefined && holders.get(id)?.size === 1) sent.set(orderId, id);
  }
  return { sent, unknown: orderIds.filter((orderId) => !sent.has(orderId)) };
}

function readReasons(orderIds: readonly number[], results: readonly Result[]): Map<number, string> {
  const asked = new Set(orderIds);
  const reasons = new Map<number, string>();
  for (const { status, message, requestIndex, orderId, tradeOrder } of results) {
    if (status === 'SUCCESS') continue;
    const named = tradeOrder?.orderId ?? orderId;
    const id = named ?? (Number.isInteger(requestIndex) ? orderIds[requestIndex as number] : undefined);
    if (isId(id) && asked.has(id)) reasons.set(id, typeof message === 'string' && message !== '' ? storableText(message, LONGEST_REASON) : 'The trade service refused it without a reason.');
  }
  return reasons;
}

/** What the trade service holds of one order: ids of its trade orders. Undefined where the answer cannot be read. */
export function readAsked(orderId: number, text: string): number[] | undefined {
  const body = parse(text);
  if (!Array.isArray(body)) return undefined;
  const own = (body as ({ id?: unknown; orderId?: unknown } | null)[]).filter((each) => each?.orderId === orderId);
  return own.every((each) => isId(each?.id)) ? own.map((each) => each?.id as number) : undefined;
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= Number.MAX_SAFE_INTEGER;
}

/** Whether our column can hold it. */
export function isTradeOrderId(id: number): boolean {
  return id <= INT_MAX;
}

function resultsOf(body: unknown): Result[] {
  const results = (body as { results?: unknown } | null | undefined)?.results;
  return Array.isArray(results) ? (results as unknown[]).filter((each): each is Result => typeof each === 'object' && each !== null) : [];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function add(map: Map<number, Set<number>>, key: number, value: number): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}
