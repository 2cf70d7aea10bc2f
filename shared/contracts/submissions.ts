/** Why an order was not sent, and surely will not be by this request: it may be asked for again. */
export type UnsentCode = 'overloaded' | 'trade-service-away' | 'trade-service-refuses' | 'database-away' | 'changed-meanwhile' | 'released' | 'stopping';
/** Why an order cannot be submitted as it is. */
export type WrongCode = 'not-found' | 'already-sent' | 'not-new';

/** What became of one order that was asked to be submitted. */
export type OrderOutcome =
  | { outcome: 'sent'; tradeOrderId: number }
  /** The trade service refused it for what it is; it is NEW again. */
  | { outcome: 'refused'; reason: string }
  /** It is in submission, and not known yet whether the trade service has it. `flag`: what a person must look at. */
  | { outcome: 'unknown'; flag: string | null }
  | { outcome: 'unsent'; code: UnsentCode }
  | { outcome: 'wrong'; code: WrongCode; status: string | null; tradeOrderId: number | null };

/** Durations of the steps of a submission in ms; the longest of its chunks. `waitMs`: for its turn. */
export interface SubmissionFigures {
  loadMs: number;
  claimMs: number;
  callMs: number;
  updateMs: number;
  waitMs: number;
}

/** Orders that a client wants submitted. */
export interface SubmitOrders {
  /** Given by the gateway; a keyed request keeps that of the first one with its key. */
  submissionId: string;
  /** Each once. */
  orderIds: number[];
  client: string;
  /** Idempotency-Key of the request, with the hash of its body. */
  key?: { key: string; sha: string };
  /** Time left for the call in ms. */
  deadlineMs: number;
  requestId: string;
  trace: string;
}

export interface SubmissionOutcome {
  submissionId: string;
  /** In the order asked for. */
  outcomes: [number, OrderOutcome][];
  /** The answer was given before, to an earlier request with the same key. */
  replayed: boolean;
  /** Seconds after which asking again makes sense for orders that were not sent. */
  retryAfter: number;
  /** Absent on a replay. */
  metrics: ({ orders: number; successes: number; totalMs: number } & SubmissionFigures) | undefined;
}

/** What the trade service says of one order: the trade orders that it has of it, that it has none, or nothing, and why. */
export type TradeServiceSays = { answer: 'known'; tradeOrderIds: number[] } | { answer: 'none' } | { answer: 'unavailable'; why: string };
