import type { Answered } from './ask.ts';

/** What one answer says of a request's items. */
export type Reading =
  /** Of each item, by its index. */
  | { says: 'items'; batchId: string | undefined; fates: readonly Fate[]; replayed: boolean }
  /** Nothing was done, and nothing will be by this request. */
  | { says: 'not-done'; batchId: string | undefined; retryAfterS: number }
  /** Not known yet. */
  | { says: 'pending'; batchId: string }
  /** An earlier request with this key still runs: says nothing. */
  | { says: 'busy' }
  /** No answer that Sluice promises. */
  | { says: 'nonsense'; why: string };

/** An item's fate as it was told: its id, or why it has none. */
export type Fate = number | 'refused' | 'withdrawn';

interface Body {
  id?: unknown;
  code?: unknown;
  batchId?: unknown;
  results?: { requestIndex?: unknown; status?: unknown; code?: unknown; id?: unknown; execution?: { id?: unknown; securityId?: unknown } | null }[];
}

/**
 * Reads the answer to a POST of one or many items.
 * @param marks of the items, by index: a whole record that comes back has to be the one of its index
 */
export function readAnswer({ status, headers, text }: Answered, items: number, single: boolean, markAt: (index: number) => string): Reading {
  let body: Body;
  try {
    body = JSON.parse(text) as Body;
  } catch {
    return nonsense(status, text);
  }
  const batchId = typeof body.batchId === 'string' ? body.batchId : (headers['sluice-batch-id'] as string | undefined);
  const replayed = headers['idempotency-replayed'] === 'true';
  if (status === 202) return typeof body.batchId === 'string' ? { says: 'pending', batchId: body.batchId } : nonsense(status, text);
  if (status === 409 && body.code === 'request-in-progress') return { says: 'busy' };
  if (status === 408 || (status === 503 && body.results === undefined)) return { says: 'not-done', batchId, retryAfterS: Number(headers['retry-after'] ?? 1) };
  if (single) {
    if (status === 201 && typeof body.id === 'number') return { says: 'items', batchId, fates: [body.id], replayed };
    if (status === 400 && body.code === 'invalid-record') return { says: 'items', batchId, fates: ['refused'], replayed };
    return nonsense(status, text);
  }
  if (![201, 207, 400, 503].includes(status) || body.results?.length !== items) return nonsense(status, text);
  const fates: Fate[] = [];
  for (const [index, result] of body.results.entries()) {
    if (result.requestIndex !== index) return { says: 'nonsense', why: `result ${index} is of item ${String(result.requestIndex)}` };
    if (result.status === 'SUCCESS') {
      const id = result.id ?? result.execution?.id;
      if (typeof id !== 'number') return { says: 'nonsense', why: `result ${index} has no id` };
      if (result.execution && result.execution.securityId !== markAt(index)) return { says: 'nonsense', why: `result ${index} holds another item's record` };
      fates.push(id);
    } else fates.push(typeof result.code === 'string' && result.code.startsWith('withdrawn') ? 'withdrawn' : 'refused');
  }
  if (status === 503 && fates.every((fate) => fate === 'withdrawn')) return { says: 'not-done', batchId, retryAfterS: Number(headers['retry-after'] ?? 1) };
  return { says: 'items', batchId, fates, replayed };
}

function nonsense(status: number, text: string): Reading {
  return { says: 'nonsense', why: `${status} ${text.slice(0, 200)}` };
}
