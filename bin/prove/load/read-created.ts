import type { Answered } from './ask.ts';
import { nonsense, readHead, unstored, type Fate, type Reading } from './reading.ts';

interface Row {
  requestIndex?: unknown;
  status?: unknown;
  code?: unknown;
  orderId?: unknown;
  order?: { id?: unknown; security?: { securityId?: unknown } } | null;
}

interface Body {
  code?: unknown;
  batchId?: unknown;
  orders?: Row[];
}

/** Reads the answer to a bulk creation of orders. @param marks of the orders, by index */
export function readCreated(answered: Answered, items: number, markAt: (index: number) => string): Reading {
  const head = readHead<Body>(answered, ({ orders }) => orders !== undefined);
  if ('says' in head) return head;
  const { body, told } = head;
  if (![200, 207, 503].includes(answered.status) || body.orders?.length !== items) return nonsense(answered);
  const fates: Fate[] = [];
  for (const [index, row] of body.orders.entries()) {
    if (row.requestIndex !== index) return { says: 'nonsense', why: `row ${index} is of item ${String(row.requestIndex)}` };
    if (row.status === 'SUCCESS') {
      if (typeof row.orderId !== 'number') return { says: 'nonsense', why: `row ${index} has no id` };
      if (row.order && (row.order.id !== row.orderId || row.order.security?.securityId !== markAt(index))) return { says: 'nonsense', why: `row ${index} holds another order` };
      fates.push(row.orderId);
    } else if (row.orderId !== undefined) return { says: 'nonsense', why: `row ${index} failed and has an id` };
    else fates.push(unstored(row.code));
  }
  return told(fates);
}
