import type { Answered } from './ask.ts';
import { nonsense, readHead, unstored, type Fate, type Reading } from './reading.ts';

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
export function readAnswer(answered: Answered, items: number, single: boolean, markAt: (index: number) => string): Reading {
  const head = readHead<Body>(answered, ({ results }) => results !== undefined);
  if ('says' in head) return head;
  const { status } = answered;
  const { body, told } = head;
  if (single) {
    if (status === 201 && typeof body.id === 'number') return told([body.id]);
    if (status === 400 && body.code === 'invalid-record') return told(['refused']);
    return nonsense(answered);
  }
  if (![201, 207, 400, 503].includes(status) || body.results?.length !== items) return nonsense(answered);
  const fates: Fate[] = [];
  for (const [index, result] of body.results.entries()) {
    if (result.requestIndex !== index) return { says: 'nonsense', why: `result ${index} is of item ${String(result.requestIndex)}` };
    if (result.status === 'SUCCESS') {
      const id = result.id ?? result.execution?.id;
      if (typeof id !== 'number') return { says: 'nonsense', why: `result ${index} has no id` };
      if (result.execution && result.execution.securityId !== markAt(index)) return { says: 'nonsense', why: `result ${index} holds another item's record` };
      fates.push(id);
    } else fates.push(unstored(result.code));
  }
  return told(fates);
}
