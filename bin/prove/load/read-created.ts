import type { Answered } from './ask.ts';
import type { Fate, Reading } from './read-answer.ts';

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
export function readCreated({ status, headers, text }: Answered, items: number, markAt: (index: number) => string): Reading {
  let body: Body;
  try {
    body = JSON.parse(text) as Body;
  } catch {
    return nonsense(status, text);
  }
  const batchId = typeof body.batchId === 'string' ? body.batchId : (headers['sluice-batch-id'] as string | undefined);
  const retryAfterS = Number(headers['retry-after'] ?? 1);
  if (status === 202) return typeof body.batchId === 'string' ? { says: 'pending', batchId: body.batchId } : nonsense(status, text);
  if (status === 409 && body.code === 'request-in-progress') return { says: 'busy' };
  if (status === 408 || (status === 503 && body.orders === undefined)) return { says: 'not-done', batchId, retryAfterS };
  if (![200, 207, 503].includes(status) || body.orders?.length !== items) return nonsense(status, text);
  const fates: Fate[] = [];
  for (const [index, row] of body.orders.entries()) {
    if (row.requestIndex !== index) return { says: 'nonsense', why: `row ${index} is of item ${String(row.requestIndex)}` };
    if (row.status === 'SUCCESS') {
      if (typeof row.orderId !== 'number') return { says: 'nonsense', why: `row ${index} has no id` };
      if (row.order && (row.order.id !== row.orderId || row.order.security?.securityId !== markAt(index))) return { says: 'nonsense', why: `row ${index} holds another order` };
      fates.push(row.orderId);
    } else if (row.orderId !== undefined) return { says: 'nonsense', why: `row ${index} failed and has an id` };
    else fates.push(typeof row.code === 'string' && row.code.startsWith('withdrawn') ? 'withdrawn' : 'refused');
  }
  if (status === 503 && fates.every((fate) => fate === 'withdrawn')) return { says: 'not-done', batchId, retryAfterS };
  return { says: 'items', batchId, fates, replayed: headers['idempotency-replayed'] === 'true' };
}

function nonsense(status: number, text: string): Reading {
  return { says: 'nonsense', why: `${status} ${text.slice(0, 200)}` };
}
