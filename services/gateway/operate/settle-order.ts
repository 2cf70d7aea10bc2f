import type { TradeServiceSays } from '../../../shared/contracts/submissions.ts';

/** What an operator wants done with an order. */
export interface SettleWish {
  as: 'sent' | 'new';
  tradeOrderId: number | undefined;
  force: boolean;
}

/** How it is to be done, or why it is not. `forced`: against what the trade service says, or without it. */
export type SettleVerdict = { outcome: 'sent'; tradeOrderId: number; forced: boolean } | { outcome: 'released'; forced: boolean } | { refusal: string; code: 'trade-service-disagrees' | 'trade-service-away' | 'trade-order-unknown' };

/** Decides by what the trade service says now. Without force nothing is done that it does not confirm. */
export function decideSettling({ as, tradeOrderId, force }: SettleWish, says: TradeServiceSays): SettleVerdict {
  const ids = says.answer === 'known' ? says.tradeOrderIds : [];
  if (as === 'new') {
    if (says.answer === 'none') return { outcome: 'released', forced: false };
    if (force) return { outcome: 'released', forced: true };
    return says.answer === 'known'
      ? { code: 'trade-service-disagrees', refusal: `The trade service has it, as ${ids.join(' and ')}: submitted again it would be there twice. Settle it as sent.` }
      : { code: 'trade-service-away', refusal: 'The trade service could not be asked: it may have the order. Try again when it answers, or use force.' };
  }
  const id = tradeOrderId ?? (ids.length === 1 ? ids[0] : undefined);
  if (id === undefined) return { code: 'trade-order-unknown', refusal: ids.length > 1 ? `The trade service has it as ${ids.join(' and ')}: say which trade order is the right one.` : 'The trade service does not name its trade order: say which it is, and use force.' };
  if (ids.includes(id)) return { outcome: 'sent', tradeOrderId: id, forced: false };
  if (force) return { outcome: 'sent', tradeOrderId: id, forced: true };
  if (says.answer === 'unavailable') return { code: 'trade-service-away', refusal: `The trade service could not be asked whether ${id} is its trade order. Try again when it answers, or use force.` };
  return { code: 'trade-service-disagrees', refusal: `The trade service ${ids.length === 0 ? 'does not have the order' : `has it as ${ids.join(' and ')}`}, not as ${id}.` };
}
