import type { TradeServiceSays } from '../../../shared/contracts/submissions.ts';
import { failureCode, neverSent, type HttpPool } from '../../../shared/http/http-pools.ts';
import { rawNumber } from '../../../shared/records/decimal.ts';
import type { Breaker } from '../../../shared/runtime/breaker.ts';
import { readAsked, readReply, type Reply } from './read-reply.ts';

/** While a probe is under way nobody else need call. */
const PROBED_MS = 100;

/** An order as the trade service is told of it; decimals as canonical text, the time as ISO 8601. */
export interface TradeOrder {
  orderId: number;
  portfolioId: string;
  orderType: string;
  securityId: string;
  quantity: string;
  limitPrice: string | null;
  tradeTimestamp: string;
  blotterId: number | null;
}

/** `not-sent`: no connection came to be, or the breaker is open; surely nothing was done there. */
export type BulkOutcome = Reply | { reply: 'not-sent'; why: string };

/** What submissions need of the trade service. */
export interface TradeCalls {
  /** One bulk call: all or nothing there. */
  bulk(orders: readonly TradeOrder[]): Promise<BulkOutcome>;
  /** Whether the trade service has this order. */
  ask(orderId: number): Promise<TradeServiceSays>;
  /** Ms until a call makes sense; 0 while the breaker is closed. */
  pauseMs(): number;
}

export interface TradeClientTools {
  http: HttpPool;
  breaker: Breaker;
  now: () => number;
  /** Aborted when the node can wait no longer. */
  signal: AbortSignal;
  onCall(call: 'bulk' | 'ask', result: string): void;
  onRejection(): void;
}

/**
 * The trade service, behind a breaker of its own. A call that had no answer, or one of 5xx, counts against it; any other answer closes
 * it. Nothing is tried again here: what an unknown outcome calls for is the caller's to decide.
 */
export class TradeClient implements TradeCalls {
  readonly #tools: TradeClientTools;

  constructor(tools: TradeClientTools) {
    this.#tools = tools;
  }

  async bulk(orders: readonly TradeOrder[]): Promise<BulkOutcome> {
    const outcome = await this.#bulk(orders);
    if (outcome.reply !== 'not-sent' || outcome.why !== 'breaker') this.#tools.onCall('bulk', outcome.reply);
    return outcome;
  }

  async ask(orderId: number): Promise<TradeServiceSays> {
    const outcome = await this.#ask(orderId);
    if (outcome.answer !== 'unavailable' || outcome.why !== 'breaker') this.#tools.onCall('ask', outcome.answer);
    return outcome;
  }

  pauseMs(): number {
    const { breaker, now } = this.#tools;
    if (breaker.state === 'closed') return 0;
    return breaker.probeAt === undefined ? PROBED_MS : Math.max(0, breaker.probeAt - now());
  }

  async #bulk(orders: readonly TradeOrder[]): Promise<BulkOutcome> {
    if (!this.#mayCall()) return { reply: 'not-sent', why: 'breaker' };
    const body = JSON.stringify({ tradeOrders: orders.map((order) => ({ ...order, quantity: rawNumber(order.quantity), limitPrice: rawNumber(order.limitPrice) })) });
    try {
      const { status, text } = await this.#tools.http.call({ method: 'POST', path: '/api/v1/tradeOrders/bulk', body, signal: this.#tools.signal });
      this.#heard(status);
      return readReply(orders.map((o) => o.orderId), status, text);
    } catch (error) {
      this.#tools.breaker.failed(this.#tools.now());
      return neverSent(error) ? { reply: 'not-sent', why: failureCode(error) } : { reply: 'unknown', why: failureCode(error) };
    }
  }

  async #ask(orderId: number): Promise<TradeServiceSays> {
    if (!this.#mayCall()) return { answer: 'unavailable', why: 'breaker' };
    try {
      const { status, text } = await this.#tools.http.call({ method: 'GET', path: `/api/v1/tradeOrders?order_id=${orderId}`, signal: this.#tools.signal });
      this.#heard(status);
      if (status !== 200) return { answer: 'unavailable', why: `http-${status}` };
      const ids = readAsked(orderId, text);
      if (ids === undefined) return { answer: 'unavailable', why: 'not-readable' };
      return ids.length === 0 ? { answer: 'none' } : { answer: 'known', tradeOrderIds: ids };
    } catch (error) {
      this.#tools.breaker.failed(this.#tools.now());
      return { answer: 'unavailable', why: failureCode(error) };
    }
  }

  #mayCall(): boolean {
    const { breaker, now } = this.#tools;
    if (breaker.state === 'closed' || breaker.takeProbe(now())) return true;
    this.#tools.onRejection();
    return false;
  }

  #heard(status: number): void {
    if (status >= 500) this.#tools.breaker.failed(this.#tools.now());
    else this.#tools.breaker.answered();
  }
}
