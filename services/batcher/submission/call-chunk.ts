import type { TradeCalls, TradeOrder } from './trade-client.ts';

/** What calls came to, for each order of a chunk. Every order is in exactly one of them. */
export interface CallResult {
  sent: Map<number, number>;
  refused: Map<number, string>;
  /** Perhaps stored there. */
  unknown: Set<number>;
  /** Stored there more than once: for a person to look at. */
  clashing: Set<number>;
  /** Surely not stored by these calls. */
  unsent: Set<number>;
  unsentWhy: 'trade-service-away' | 'trade-service-refuses';
}

/** Questions about refused orders at the same time. */
const ASKED_AT_ONCE = 4;

/**
 * Sends a chunk. The bulk call is all or nothing: orders that a refusal names are refused, and the rest goes again; where it names none,
 * the call is halved until the guilty order stands alone. What a call of unknown outcome carried stays unknown, and then nothing more is
 * sent: what was not sent yet is surely not there.
 * A refusal is believed only if the trade service does not have the order: else it refused what it had taken before.
 * @param mayCall whether there is time for one more call before the claim's lease is over
 */
export async function callChunk(calls: Pick<TradeCalls, 'bulk' | 'ask'>, orders: readonly TradeOrder[], mayCall: () => boolean): Promise<CallResult> {
  const result: CallResult = { sent: new Map(), refused: new Map(), unknown: new Set(), clashing: new Set(), unsent: new Set(), unsentWhy: 'trade-service-away' };
  const groups: (readonly TradeOrder[])[] = [orders];
  const giveUp = (group: readonly TradeOrder[]) => {
    for (const { orderId } of [...group, ...groups.splice(0).flat()]) result.unsent.add(orderId);
  };
  for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
    if (group.length === 0) continue;
    if (!mayCall()) {
      giveUp(group);
      break;
    }
    const reply = await calls.bulk(group);
    switch (reply.reply) {
      case 'accepted':
        for (const [orderId, id] of reply.sent) result.sent.set(orderId, id);
        for (const orderId of reply.unknown) result.unknown.add(orderId);
        break;
      case 'refused': {
        const { reasons } = reply;
        await believe(calls, group.filter((o) => reasons.has(o.orderId)), (orderId) => reasons.get(orderId) ?? '', result);
        groups.unshift(group.filter((o) => !reasons.has(o.orderId)));
        break;
      }
      case 'refused-whole': {
        const { message } = reply;
        if (group.length === 1) await believe(calls, group, () => message, result);
        else groups.unshift(group.slice(0, Math.ceil(group.length / 2)), group.slice(Math.ceil(group.length / 2)));
        break;
      }
      case 'unknown':
        for (const { orderId } of group) result.unknown.add(orderId);
        giveUp([]);
        break;
      case 'not-sent':
        giveUp(group);
        break;
      case 'not-taken':
        result.unsentWhy = 'trade-service-refuses';
        giveUp(group);
        break;
    }
  }
  return result;
}

async function believe(calls: Pick<TradeCalls, 'ask'>, refused: readonly TradeOrder[], reasonOf: (orderId: number) => string, result: CallResult): Promise<void> {
  const left = [...refused];
  const askOn = async () => {
    for (let order = left.shift(); order !== undefined; order = left.shift()) {
      const { orderId } = order;
      const asked = await calls.ask(orderId);
      if (asked.answer === 'none') result.refused.set(orderId, reasonOf(orderId));
      else if (asked.answer === 'unavailable') result.unknown.add(orderId);
      else if (asked.tradeOrderIds.length === 1) result.sent.set(orderId, asked.tradeOrderIds[0] as number);
      else result.clashing.add(orderId);
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askOn));
}
