import type { Entry } from './journal.ts';

/** What a client asked of an order and what it came to know: it is so, it is surely not, or nobody told. */
export type Known = 'made' | 'refused' | 'unknown';

/** A change of an order, on this version. */
export interface OrderChange {
  on: number;
  fate: Known;
}

/** All that was done with one stored order. */
export interface OrderLife {
  id: number;
  index: number;
  /** In the order in which they were asked for; none is asked for after one of unknown fate. */
  changes: OrderChange[];
  /** The version it was to be deleted on; undefined where nobody wanted that. */
  deletion?: OrderChange;
  /** Clients that asked to submit it. */
  asked: number;
  /** Trade orders that were told of it: one, if all is well. */
  tradeOrders: Set<number>;
  /** Somebody was told that it is on its way. */
  pending: boolean;
  /** Reasons of the trade service that somebody was told. */
  refusals: number;
}

/** The orders of one request, from their creation on. */
export interface OrderStory {
  /** What was told of their creation. */
  entry: Entry;
  lives: ReadonlyMap<number, OrderLife>;
  fromMs: number;
  toMs: number;
}

/** An order of which nothing is known but that it is stored. */
export function newLife(id: number, index: number): OrderLife {
  return { id, index, changes: [], asked: 0, tradeOrders: new Set(), pending: false, refusals: 0 };
}

/** Versions that an order can have by its changes alone, and whether the last of them is certain. */
export function changedTo({ changes }: Pick<OrderLife, 'changes'>): { sure: number; perhaps: number } {
  const made = changes.filter(({ fate }) => fate === 'made').length;
  return { sure: 1 + made, perhaps: 1 + made + changes.filter(({ fate }) => fate === 'unknown').length };
}
