import type { OrderOutcome, SubmissionFigures } from '../../../shared/contracts/submissions.ts';

export const NO_FIGURES: Readonly<SubmissionFigures> = { loadMs: 0, claimMs: 0, callMs: 0, updateMs: 0, waitMs: 0 };

/** An order as it was loaded, with all that the trade service is told. Decimals are PostgreSQL's text. */
export interface LoadedOrder {
  id: number;
  version: number;
  status: string;
  tradeOrderId: number | null;
  submissionId: string | null;
  flag: string | null;
  portfolioId: string;
  orderType: string;
  securityId: string;
  quantity: string;
  limitPrice: string | null;
  /** ISO 8601. */
  orderTimestamp: string;
  blotterId: number | null;
}

/** What the table says of an order: free to be claimed, in submission, or one that ends here. */
export type Standing = { standing: 'free' } | { standing: 'busy'; flag: string | null } | { standing: 'ended'; outcome: OrderOutcome };

/**
 * Only NEW orders without a trade order can be submitted.
 * @param awaited its submission was under way while this request asked for it: what that came to is this request's answer too
 */
export function standingOf(order: LoadedOrder | undefined, awaited: boolean, submissionId: string): Standing {
  if (order === undefined) return { standing: 'ended', outcome: { outcome: 'wrong', code: 'not-found', status: null, tradeOrderId: null } };
  const { status, tradeOrderId, flag } = order;
  if (status === 'NEW' && tradeOrderId === null) return order.submissionId === null ? { standing: 'free' } : { standing: 'busy', flag };
  if (tradeOrderId !== null && (awaited || order.submissionId === submissionId)) return { standing: 'ended', outcome: { outcome: 'sent', tradeOrderId } };
  return { standing: 'ended', outcome: { outcome: 'wrong', code: tradeOrderId === null ? 'not-new' : 'already-sent', status, tradeOrderId } };
}
