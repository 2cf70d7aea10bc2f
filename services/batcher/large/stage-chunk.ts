import type { Reject } from '../../../shared/contracts/slices.ts';
import { lowerBound } from '../cut-slices.ts';
import type { ValidatedItems } from '../validate-items.ts';

/** A staged chunk, as it is kept: items [first, first + span) of its batch. */
export interface StagedChunk {
  first: number;
  span: number;
  rejected: number;
  /** JSON of ValidatedItems with indexes from 0: whoever carries the chunk out need not check anything again. */
  body: string;
}

/**
 * The chunk of some checked items.
 * @param base the batch's index of the first of the items
 * @param from the batch's index at which the chunk begins
 * @param to the one at which it ends; not included
 */
export function stageChunk(items: ValidatedItems, base: number, from: number, to: number): StagedChunk {
  const low = lowerBound(items.good, from - base);
  const high = lowerBound(items.good, to - base);
  const whole = from === base && to - from === items.total;
  const shift = from - base;
  const rejects = items.rejects.filter(([index]) => index >= shift && index < to - base).map(([index, ...rest]): Reject => [index - shift, ...rest]);
  const part: ValidatedItems = whole ? items : {
    total: to - from,
    good: items.good.slice(low, high).map((index) => index - shift),
    columns: Object.fromEntries(Object.entries(items.columns).map(([name, values]) => [name, values.slice(low, high)])),
    rejects,
    bytes: items.bytes,
  };
  return { first: from, span: to - from, rejected: new Set(rejects.map(([index]) => index)).size, body: JSON.stringify(part) };
}

/** The items of a staged chunk. @throws Error where the body is not what stageChunk made */
export function stagedItems(body: string, span: number): ValidatedItems {
  const items = JSON.parse(body) as ValidatedItems;
  const found = items.good.length + new Set(items.rejects.map(([index]) => index)).size;
  if (items.total !== span || found !== span) throw new Error(`a staged chunk of ${span} items holds ${found}`);
  return items;
}

/** What becomes of a chunk that cannot be carried out: each good item is refused, with the reason. */
export function refusedItems(span: number, known: readonly Reject[]): ValidatedItems {
  const refused = new Set(known.map(([index]) => index));
  const rejects = [...known];
  for (let index = 0; index < span; index++) {
    if (!refused.has(index)) rejects.push([index, 'SYSTEM_ERROR', '', 'It could not be carried out, however often it was tried. Nothing of it was written.']);
  }
  return { total: span, good: [], columns: {}, rejects: rejects.sort((a, b) => a[0] - b[0]), bytes: 0 };
}
