import type { Answered } from './ask.ts';
import { attempt, pause, type Errand } from './errand.ts';
import type { OrderLife } from './order-stories.ts';

const PATIENCE_MS = 32_000;
const MOST_ATTEMPTS = 4;
const LONGEST_RETRY_MS = 2_000;

/** One client's submission of orders. */
export interface SubmissionPlan {
  /** Names its Idempotency-Key; undefined: it has none. */
  key?: string;
  /** The way of a single order, not the list's. */
  single: boolean;
  /** It goes away after so long, and never asks again. */
  vanishMs?: number;
  /** It asks again with the same key though it has the answer. */
  again: boolean;
}

/** What an answer says of one order. */
interface Told {
  id: number;
  code: string;
  tradeOrderId: number | null;
}

/** Asks for these orders to be submitted, again while nothing was sent for want of the trade service or of room, and notes what it is told of each. */
export async function submitOrders(errand: Errand, lives: readonly OrderLife[], plan: SubmissionPlan): Promise<void> {
  errand.counts.requests += 1;
  for (const life of lives) life.asked += 1;
  let first: readonly Told[] | undefined;
  for (let attempts = 1; attempts <= MOST_ATTEMPTS && !errand.stopped.aborted; attempts++) {
    const outcome = await attempt(errand, { ...questionOf(lives, plan), timeoutMs: PATIENCE_MS, ...(plan.vanishMs === undefined ? {} : { vanishMs: plan.vanishMs }) });
    if (plan.vanishMs !== undefined) return;
    if ('none' in outcome) {
      if (plan.key === undefined && errand.random() < 0.5) return;
      await pause(errand, 50);
      continue;
    }
    const told = read(outcome, lives, plan.single);
    if (typeof told === 'string') {
      errand.scoreboard.tried('true');
      return errand.scoreboard.broken('true', `request ${errand.no}, a submission of ${lives.length} orders: ${told}; under way: ${now(errand)}`);
    }
    note(errand, lives, told);
    if (first !== undefined) return judgeRepeat(errand, first, told);
    // A key that came to nothing is free again.
    const nothing = told.every(({ code }) => UNSENT.has(code));
    if (!nothing && plan.key !== undefined && plan.again) first = told;
    else if (!nothing) return;
    if (nothing) await pause(errand, Math.min(LONGEST_RETRY_MS, Number(outcome.headers['retry-after'] ?? 1) * 1_000));
  }
}

/** Nothing was sent, and it is safe to ask again. */
const UNSENT = new Set(['overloaded', 'trade-service-away', 'trade-service-refuses', 'database-away', 'changed-meanwhile', 'released', 'stopping', 'not-done', 'request-in-progress']);

function questionOf(lives: readonly OrderLife[], { key, single }: SubmissionPlan) {
  const headers = key === undefined ? {} : { 'Idempotency-Key': key };
  if (single) return { method: 'POST' as const, path: `/api/v1/orders/${lives[0]?.id}/submit`, headers, body: Buffer.alloc(0) };
  return { method: 'POST' as const, path: '/api/v1/orders/batch/submit', headers, body: Buffer.from(JSON.stringify({ orderIds: lives.map(({ id }) => id) })) };
}

interface Body {
  id?: unknown;
  code?: unknown;
  tradeOrderId?: unknown;
  results?: { orderId?: unknown; status?: unknown; code?: unknown; tradeOrderId?: unknown; requestIndex?: unknown }[];
}

/** What is told of each order, or why it is no answer that Sluice promises. */
function read({ status, text }: Answered, lives: readonly OrderLife[], single: boolean): readonly Told[] | string {
  const nonsense = `${status} ${text.slice(0, 200)}`;
  let body: Body;
  try {
    body = JSON.parse(text) as Body;
  } catch {
    return nonsense;
  }
  const all = (code: string, tradeOrderId: number | null = null) => lives.map(({ id }): Told => ({ id, code, tradeOrderId }));
  if (body.results === undefined && (status === 408 || status === 503)) return all(typeof body.code === 'string' && UNSENT.has(body.code) ? body.code : 'not-done');
  if (status === 409 && body.code === 'request-in-progress') return all('request-in-progress');
  if (single) {
    if (status === 200) return body.id === lives[0]?.id && typeof body.tradeOrderId === 'number' ? all('submitted', body.tradeOrderId) : nonsense;
    if (status === 202) return all('outcome-unknown');
    return [400, 404, 409].includes(status) && typeof body.code === 'string' ? all(body.code, typeof body.tradeOrderId === 'number' ? body.tradeOrderId : null) : nonsense;
  }
  if (![200, 207, 400, 503].includes(status) || body.results?.length !== lives.length) return nonsense;
  const told: Told[] = [];
  for (const [index, { requestIndex, orderId, status: fate, code, tradeOrderId }] of body.results.entries()) {
    const id = lives[index]?.id as number;
    if (requestIndex !== index || orderId !== id) return `result ${index} is of order ${String(orderId)}, ${id} was asked for`;
    if (typeof code !== 'string' || (fate === 'SUCCESS') !== (code === 'submitted')) return `result ${index} is ${String(fate)} ${String(code)}`;
    if (code === 'submitted' && typeof tradeOrderId !== 'number') return `result ${index} is submitted without a trade order`;
    told.push({ id, code, tradeOrderId: typeof tradeOrderId === 'number' ? tradeOrderId : null });
  }
  return told;
}

function note(errand: Errand, lives: readonly OrderLife[], told: readonly Told[]): void {
  for (const [i, { id, code, tradeOrderId }] of told.entries()) {
    const life = lives[i] as OrderLife;
    errand.scoreboard.tried('true');
    if (tradeOrderId !== null) life.tradeOrders.add(tradeOrderId);
    if (code === 'outcome-unknown') life.pending = true;
    else if (code === 'refused-by-trade-service') life.refusals += 1;
    else if (!POSSIBLE.has(code) || (code === 'not-found' && life.deletion === undefined)) errand.scoreboard.broken('true', `request ${errand.no}, order ${id}: told ${code}, which nobody made so; under way: ${now(errand)}`);
  }
}

const POSSIBLE = new Set([...UNSENT, 'submitted', 'already-sent', 'not-found']);

/** The same key again: whoever was told SENT or refused is told so again; what was not known then may be by now. */
function judgeRepeat({ scoreboard, no, ...errand }: Errand, first: readonly Told[], again: readonly Told[]): void {
  if (again.every(({ code }) => UNSENT.has(code))) return;
  scoreboard.tried('key');
  const other = first.findIndex((one, i) => one.code !== 'outcome-unknown' && (one.code !== again[i]?.code || one.tradeOrderId !== again[i]?.tradeOrderId));
  if (other >= 0) scoreboard.broken('key', `request ${no}, order ${first[other]?.id}: its submission was told ${first[other]?.code} ${String(first[other]?.tradeOrderId)} first, then ${again[other]?.code} ${String(again[other]?.tradeOrderId)}; under way: ${now({ ...errand, scoreboard, no })}`);
}

function now({ chronicle }: Pick<Errand, 'chronicle'> & Partial<Errand>): string {
  return chronicle.namesDuring(chronicle.now() - 1_000, chronicle.now());
}
