import { decideSettling, type SettleWish } from '../../../../services/gateway/operate/settle-order.ts';
import type { TradeServiceSays } from '../../../../shared/contracts/submissions.ts';

const NONE: TradeServiceSays = { answer: 'none' };
const ONE: TradeServiceSays = { answer: 'known', tradeOrderIds: [7] };
const TWO: TradeServiceSays = { answer: 'known', tradeOrderIds: [7, 8] };
const AWAY: TradeServiceSays = { answer: 'unavailable', why: 'ECONNREFUSED' };
const decide = (wish: Partial<SettleWish>, says: TradeServiceSays) => {
  const verdict = decideSettling({ as: 'sent', tradeOrderId: undefined, force: false, ...wish }, says);
  return 'refusal' in verdict ? verdict.code : [verdict.outcome, 'tradeOrderId' in verdict ? verdict.tradeOrderId : null, verdict.forced];
};

test.each<[string, Partial<SettleWish>, TradeServiceSays, unknown]>([
  ['sent, and the trade service has one', {}, ONE, ['sent', 7, false]],
  ['sent as the one that it has', { tradeOrderId: 7 }, ONE, ['sent', 7, false]],
  ['sent as another one', { tradeOrderId: 9 }, ONE, 'trade-service-disagrees'],
  ['sent as another one by force', { tradeOrderId: 9, force: true }, ONE, ['sent', 9, true]],
  ['sent, and there are two', {}, TWO, 'trade-order-unknown'],
  ['sent, and there are two, by force', { force: true }, TWO, 'trade-order-unknown'],
  ['sent as one of two', { tradeOrderId: 8 }, TWO, ['sent', 8, false]],
  ['sent, and it has none', {}, NONE, 'trade-order-unknown'],
  ['sent as one that it does not have', { tradeOrderId: 9 }, NONE, 'trade-service-disagrees'],
  ['sent as one that it does not have, by force', { tradeOrderId: 9, force: true }, NONE, ['sent', 9, true]],
  ['sent as one, and it does not answer', { tradeOrderId: 9 }, AWAY, 'trade-service-away'],
  ['sent as one, and it does not answer, by force', { tradeOrderId: 9, force: true }, AWAY, ['sent', 9, true]],
  ['new, and it does not have it', { as: 'new' }, NONE, ['released', null, false]],
  ['F19 new, and it has it', { as: 'new' }, ONE, 'trade-service-disagrees'],
  ['new, and it does not answer', { as: 'new' }, AWAY, 'trade-service-away'],
  ['new by force', { as: 'new', force: true }, AWAY, ['released', null, true]],
])('%s', (_what, wish, says, verdict) => {
  expect(decide(wish, says)).toEqual(verdict);
});
