import type { TradeServiceSays } from '../../shared/contracts/submissions.ts';
import type { Paint } from '../send/summary.ts';
import { table } from '../table.ts';

interface Overdue {
  orders: { id: number; flag: string; submissionId: string; since: string | null }[];
}
interface Settled {
  orderId: number;
  outcome: 'sent' | 'released';
  tradeOrderId?: number;
  forced: boolean;
  tradeService: TradeServiceSays;
  dryRun?: true;
}

/** The answers of the operations on overdue orders as a terminal shows them. */
export const ORDERS_TEXTS = {
  'orders.overdue': ({ orders }: Overdue, paint: Paint): string =>
    orders.length === 0 ? 'No order in submission waits for a person.\n' : `${table(['ORDER', 'FLAG', 'SINCE', 'SUBMISSION'], orders.map(({ id, flag, since, submissionId }) => [String(id), flag, since ?? '?', submissionId]), paint)}\n`,
  'orders.settle': ({ orderId, outcome, tradeOrderId, forced, tradeService, dryRun }: Settled): string => {
    const end = outcome === 'sent' ? `SENT as trade order ${tradeOrderId ?? '?'}` : 'NEW, and may be submitted again';
    return `The trade service says: ${saidOf(tradeService)}.\n${dryRun === true ? `Order ${orderId} would be ${end}${forced ? ', by force' : ''}. Nothing was changed.` : `Order ${orderId} is ${end}${forced ? ', by force' : ''}.`}\n`;
  },
};

function saidOf(says: TradeServiceSays): string {
  switch (says.answer) {
    case 'known': return `it has the order as ${says.tradeOrderIds.join(' and ')}`;
    case 'none': return 'it does not have the order';
    case 'unavailable': return `nothing (${says.why})`;
  }
}
