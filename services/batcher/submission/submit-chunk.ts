import type { Logger } from '../../../shared/runtime/log.ts';
import { persist } from '../persist.ts';
import { callChunk, type CallResult } from './call-chunk.ts';
import type { HeldStore, OrderStore, Settled } from './order-store.ts';
import type { OrderOutcome, SubmissionFigures } from '../../../shared/contracts/submissions.ts';
import type { LoadedOrder } from './outcomes.ts';
import { isTradeOrderId } from './read-reply.ts';
import type { TradeCalls, TradeOrder } from './trade-client.ts';

export interface ChunkTools {
  store: Pick<OrderStore, 'claim' | 'settle' | 'load'>;
  calls: Pick<TradeCalls, 'bulk' | 'ask'>;
  leaseMs: number;
  /** Longest time of one call, connecting included: none is begun that could outlast the lease. */
  callMs: number;
  now: () => number;
  log: Logger;
  /** Keeps a connection from the claim to the update, where SPLIT_TRANSACTIONS is off. */
  hold?: () => Promise<HeldStore | undefined>;
  onStep: (action: 'claim' | 'call' | 'update', ms: number) => void;
}

export type EndTools = Pick<ChunkTools, 'store' | 'now' | 'log'>;

/** Whose submission it is. */
export interface Submission {
  submissionId: string;
  client: string;
  trace: string;
}

/** What a chunk came to: `lost` are not this submission's, `unclear` perhaps are. */
export interface ChunkEnd {
  outcomes: Map<number, OrderOutcome>;
  lost: Set<number>;
  unclear: Set<number>;
}

/** No call is begun that has less than this beyond its longest time until the lease is over. */
export const MARGIN_MS = 500;

/**
 * Takes a chunk of loaded orders through: claim, call, update. No connection is held across the call, and the process may die after any
 * step: before the claim nothing happened, after it the order is in submission and the reconciler finds its end.
 */
export async function submitChunk(tools: ChunkTools, orders: readonly LoadedOrder[], submission: Submission, figures: SubmissionFigures): Promise<ChunkEnd> {
  let held: HeldStore | undefined;
  try {
    held = await tools.hold?.();
  } catch (error) {
    tools.log.warn({ err: error }, 'a chunk of orders got no connection to keep; nothing was claimed');
    return { outcomes: new Map(orders.map(({ id }) => [id, { outcome: 'unsent', code: 'database-away' }])), lost: new Set(), unclear: new Set() };
  }
  try {
    return await throughSteps(held === undefined ? tools : { ...tools, store: held }, orders, submission, figures, async () => held?.begin());
  } finally {
    await held?.end();
  }
}

async function throughSteps(tools: ChunkTools, orders: readonly LoadedOrder[], submission: Submission, figures: SubmissionFigures, beforeCall: () => Promise<void>): Promise<ChunkEnd> {
  const { store, calls, now } = tools;
  const timed = async <T>(step: 'claim' | 'call' | 'update', work: () => Promise<T>): Promise<T> => {
    const began = now();
    const result = await work();
    const ms = now() - began;
    tools.onStep(step, ms);
    figures[`${step}Ms`] = Math.max(figures[`${step}Ms`], ms);
    return result;
  };
  const claimedAt = now();
  const claimed = await timed('claim', () => store.claim(orders, submission.submissionId));
  const outcomes = new Map<number, OrderOutcome>();
  for (const id of claimed.failed) outcomes.set(id, { outcome: 'unsent', code: 'database-away' });
  const own = orders.filter((o) => claimed.own.has(o.id));
  if (own.length > 0) {
    await beforeCall();
    const mayCall = () => now() - claimedAt + tools.callMs + MARGIN_MS < tools.leaseMs;
    const result = await timed('call', () => callChunk(calls, own.map(tradeOrderOf), mayCall));
    const ended = await timed('update', () => writeEnds(tools, own, result, submission, claimedAt + tools.leaseMs));
    for (const [id, outcome] of ended) outcomes.set(id, outcome);
  }
  return { outcomes, lost: claimed.lost, unclear: claimed.unclear };
}

/** An order as the trade service is told of it. */
export function tradeOrderOf({ id, portfolioId, orderType, securityId, quantity, limitPrice, orderTimestamp, blotterId }: LoadedOrder): TradeOrder {
  return { orderId: id, portfolioId, orderType, securityId, quantity, limitPrice, tradeTimestamp: orderTimestamp, blotterId };
}

/**
 * Writes down what calls came to, tried again until `stopAt` (monotonic ms): then it is left to the reconciler. Each order is written
 * under its own submission, or this one.
 */
export async function writeEnds(tools: EndTools, orders: readonly LoadedOrder[], result: CallResult, submission: Submission, stopAt: number): Promise<Map<number, OrderOutcome>> {
  const rows = orders.map((order): Settled => ({ id: order.id, version: order.version, submissionId: order.submissionId ?? submission.submissionId, ...endOf(order.id, result) }));
  const { written, failed, rest } = await settleRows(tools, rows, submission, stopAt);
  const found = rest.length === 0 ? undefined : await tools.store.load(rest.map((r) => r.id)).catch((error: unknown) => {
    tools.log.warn({ err: error }, 'orders that something else had changed could not be looked at');
    return undefined;
  });
  return new Map<number, OrderOutcome>([
    ...written.map((row) => [row.id, outcomeOf(row, result)] as const),
    ...failed.map((row) => [row.id, { outcome: 'unknown', flag: null }] as const),
    ...rest.map((row) => [row.id, elsewhere(row, found?.get(row.id), result)] as const),
  ]);
}

interface Written {
  written: Settled[];
  /** PostgreSQL did not take them in time. */
  failed: Settled[];
  /** Not this submission's any more. */
  rest: Settled[];
}

/** An order whose trade order belongs to another one already is found by halving, and flagged; it holds up no other. */
async function settleRows(tools: EndTools, rows: readonly Settled[], submission: Submission, stopAt: number): Promise<Written> {
  const { store, now, log } = tools;
  const settle = async (): Promise<Set<number> | undefined> => {
    try {
      return await store.settle(rows, submission.client, submission.trace);
    } catch (error) {
      if (isClash(error)) return undefined;
      throw error;
    }
  };
  let ids: Set<number> | undefined;
  try {
    ids = await persist(settle, stopAt, now, (error) => log.warn({ err: error }, 'what became of orders could not be written down; tried again'));
  } catch (error) {
    log.error({ err: error, orders: rows.length }, 'what became of orders could not be written down; the reconciler finds out');
    return { written: [], failed: [...rows], rest: [] };
  }
  if (ids !== undefined) return { written: rows.filter((r) => ids.has(r.id)), failed: [], rest: rows.filter((r) => !ids.has(r.id)) };
  if (rows.length === 1) return settleRows(tools, rows.map(({ id, version, submissionId }) => ({ id, version, submissionId, outcome: 'clash' })), submission, stopAt);
  const middle = Math.ceil(rows.length / 2);
  const [left, right] = [await settleRows(tools, rows.slice(0, middle), submission, stopAt), await settleRows(tools, rows.slice(middle), submission, stopAt)];
  return { written: [...left.written, ...right.written], failed: [...left.failed, ...right.failed], rest: [...left.rest, ...right.rest] };
}

function endOf(id: number, result: CallResult): Pick<Settled, 'outcome' | 'tradeOrderId' | 'reason'> {
  const tradeOrderId = result.sent.get(id);
  if (tradeOrderId !== undefined) return isTradeOrderId(tradeOrderId) ? { outcome: 'sent', tradeOrderId } : { outcome: 'clash' };
  const reason = result.refused.get(id);
  if (reason !== undefined) return { outcome: 'refused', reason };
  if (result.clashing.has(id)) return { outcome: 'clash' };
  return result.unsent.has(id) ? { outcome: 'released' } : { outcome: 'unknown' };
}

function outcomeOf({ outcome, tradeOrderId, reason }: Settled, result: CallResult): OrderOutcome {
  switch (outcome) {
    case 'sent': return { outcome: 'sent', tradeOrderId: tradeOrderId as number };
    case 'refused': return { outcome: 'refused', reason: reason ?? '' };
    case 'released': return { outcome: 'unsent', code: result.unsentWhy };
    case 'unknown': return { outcome: 'unknown', flag: outcome };
    case 'clash': return { outcome: 'unknown', flag: outcome };
  }
}

/** Nothing was written for it now: an earlier try did, whose answer was lost, or somebody else. */
function elsewhere(row: Settled, found: LoadedOrder | undefined, result: CallResult): OrderOutcome {
  if (row.outcome === 'sent') return found?.tradeOrderId === row.tradeOrderId && row.tradeOrderId !== undefined ? { outcome: 'sent', tradeOrderId: row.tradeOrderId } : { outcome: 'unknown', flag: found?.flag ?? null };
  if (found !== undefined && found.submissionId === row.submissionId && found.tradeOrderId !== null) return { outcome: 'sent', tradeOrderId: found.tradeOrderId };
  return outcomeOf(row, result);
}

function isClash(error: unknown): boolean {
  return (error as { code?: unknown }).code === '23505';
}
