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

/** An answer that has to be read row by row. `told`: what it says with these fates. */
export interface Rows<Body> {
  body: Body;
  told: (fates: readonly Fate[]) => Reading;
}

/** What a whole answer says without a look at its rows, or the answer to be read on. @param hasRows whether it names items at all */
export function readHead<Body extends { code?: unknown; batchId?: unknown }>(answered: Answered, hasRows: (body: Body) => boolean): Reading | Rows<Body> {
  const { status, headers } = answered;
  const body = parsed<Body>(answered.text);
  if (body === undefined) return nonsense(answered);
  const batchId = typeof body.batchId === 'string' ? body.batchId : (headers['sluice-batch-id'] as string | undefined);
  const notDone: Reading = { says: 'not-done', batchId, retryAfterS: Number(headers['retry-after'] ?? 1) };
  if (status === 202) return typeof body.batchId === 'string' ? { says: 'pending', batchId: body.batchId } : nonsense(answered);
  if (status === 409 && body.code === 'request-in-progress') return { says: 'busy' };
  if (status === 408 || (status === 503 && !hasRows(body))) return notDone;
  const told = (fates: readonly Fate[]): Reading => (status === 503 && fates.every((fate) => fate === 'withdrawn') ? notDone : { says: 'items', batchId, fates, replayed: headers['idempotency-replayed'] === 'true' });
  return { body, told };
}

/** Why an item was not stored, by the code in its row. */
export function unstored(code: unknown): Fate {
  return typeof code === 'string' && code.startsWith('withdrawn') ? 'withdrawn' : 'refused';
}

export function nonsense({ status, text }: Answered): Reading {
  return { says: 'nonsense', why: `${status} ${text.slice(0, 200)}` };
}

function parsed<Body>(text: string): Body | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Body) : undefined;
  } catch {
    return undefined; // what is no JSON is no answer either
  }
}
