import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, EXIT } from '../cli-error.ts';
import { readAnswer, readReceipts, type Fate } from './answer.ts';
import { bodyOf } from './batches.ts';
import { NoReply, type Ask, type HttpClient, type Reply } from './http-client.ts';
import type { Item } from './item.ts';
import { decide, problemOf, retryAfterOf, type Tried } from './retry-policy.ts';

/** What sending needs, the same for every batch of a run. */
export interface Sender {
  http: Pick<HttpClient, 'ask'>;
  collection: string;
  minimal: boolean;
  keyed: boolean;
  retries: number;
  timeoutMs: number;
  random: () => number;
  /** Ends the pauses when the run is given up. */
  signal: AbortSignal;
  /** Whether any answer came yet: before the first, a server that isn't there is given up soon. */
  answered: boolean;
  onRetry: (why: string, afterMs: number) => void;
}

/** What it takes to ask until there is an answer. */
export type Persistence = Pick<Sender, 'http' | 'keyed' | 'retries' | 'random' | 'signal' | 'answered' | 'onRetry'>;

const RETRIES_BEFORE_FIRST_ANSWER = 3;
/** How often items that were withdrawn (too late, too busy) are sent again under a new key. */
const ROUNDS = 5;
const SETTLE_POLLS = 120;

/**
 * Sends items and finds out what became of each, by position. Whatever is tried again is tried under the same key, so that
 * nothing is written twice; items that Sluice withdrew go again under the key of the next round.
 * @param key Idempotency-Key of the batch
 * @throws CliError when it can't be known: server away, refused, or no answer that can be read
 */
export async function sendBatch(items: readonly Item[], key: string, sender: Sender): Promise<Fate[]> {
  const fates: Fate[] = items.map(() => ({ is: 'unknown' }));
  let open = items.map((_, i) => i);
  for (let round = 1; open.length > 0; round++) {
    const sent = await sendOnce(open.map((i) => items[i] as Item), round === 1 ? key : `${key}.r${round}`, sender);
    for (const [at, fate] of sent.fates.entries()) fates[open[at] as number] = fate;
    open = open.filter((i) => fates[i]?.is === 'withdrawn');
    if (open.length === 0 || round === ROUNDS) break;
    const afterMs = sent.retryAfterMs ?? 1_000 * round;
    sender.onRetry(`${open.length} items were withdrawn for want of time`, afterMs);
    await pause(afterMs, sender);
  }
  return fates;
}

async function sendOnce(items: readonly Item[], key: string, sender: Sender): Promise<{ fates: Fate[]; retryAfterMs?: number | undefined }> {
  const ask: Ask = {
    method: 'POST',
    path: `/api/v1/${sender.collection}/batch`,
    headers: {
      'Content-Type': 'application/json',
      ...(sender.minimal ? { Prefer: 'return=minimal' } : {}),
      ...(sender.keyed ? { 'Idempotency-Key': key } : {}),
    },
    body: bodyOf(items, sender.collection),
    timeoutMs: sender.timeoutMs,
  };
  const reply = await persist(ask, sender);
  if (reply.status === 413) return sendHalves(items, key, reply, sender);
  const fates = reply.status === 202 ? await settled(reply, items.length, sender) : understood(() => readAnswer(reply.body, items.length), reply);
  return { fates, retryAfterMs: retryAfterOf(reply) };
}

/** What is too large for one request is sent as two; an item that is too large alone has failed. */
async function sendHalves(items: readonly Item[], key: string, reply: Reply, sender: Sender): Promise<{ fates: Fate[] }> {
  if (items.length === 1) return { fates: [{ is: 'failed', faults: [{ pointer: '', code: 'too-large', message: problemOf(reply) || 'is too large for one request' }] }] };
  const middle = Math.ceil(items.length / 2);
  const left = await sendOnce(items.slice(0, middle), `${key}.a`, sender);
  const right = await sendOnce(items.slice(middle), `${key}.b`, sender);
  return { fates: [...left.fates, ...right.fates] };
}

/** Asks until an answer can be read, or the policy gives up. @throws CliError then */
export async function persist(ask: Ask, sender: Persistence): Promise<Reply> {
  for (let tries = 1; ; tries++) {
    const tried = await tryOnce(ask, sender);
    // A 503 that answers for each item is an answer: these were withdrawn.
    if ('reply' in tried && tried.reply.status === 503 && answersForItems(tried.reply)) return tried.reply;
    const retries = sender.answered ? sender.retries : Math.min(sender.retries, RETRIES_BEFORE_FIRST_ANSWER);
    const decision = decide(tried, { tries, retries, keyed: sender.keyed || ask.method === 'GET', random: sender.random() });
    if (decision.act === 'read' && 'reply' in tried) return tried.reply;
    if (decision.act === 'stop') throw new CliError(decision.why, decision.usage ? EXIT.usage : EXIT.system, 'noReply' in tried ? tried.noReply : undefined);
    if (decision.act === 'again') {
      sender.onRetry(decision.why, decision.afterMs);
      await pause(decision.afterMs, sender);
    }
  }
}

async function tryOnce(ask: Ask, sender: Persistence): Promise<Tried> {
  try {
    const reply = await sender.http.ask(ask);
    sender.answered = true;
    return { reply };
  } catch (error) {
    if (error instanceof NoReply) return { noReply: error };
    throw error;
  }
}

function answersForItems(reply: Reply): boolean {
  try {
    return Array.isArray((JSON.parse(reply.body) as { results?: unknown }).results);
  } catch {
    return false; // not JSON, so not an answer for items
  }
}

/** Follows a 202: asks for the batch until nothing of it is pending, then for its receipts. */
async function settled(reply: Reply, count: number, sender: Sender): Promise<Fate[]> {
  const location = reply.headers.location;
  if (location === undefined) throw new CliError('The answer was 202, but it does not say where the batch can be asked for.', EXIT.system);
  const path = new URL(location, 'http://sluice').pathname;
  for (let poll = 0; poll < SETTLE_POLLS; poll++) {
    const answer = await persist({ method: 'GET', path, timeoutMs: sender.timeoutMs }, sender);
    if (understood(() => isSettled(answer.body), answer)) {
      const receipts = await persist({ method: 'GET', path: `${path}/items`, headers: { Accept: 'application/x-ndjson' }, timeoutMs: sender.timeoutMs }, sender);
      return understood(() => readReceipts(receipts.body, count), receipts);
    }
    await pause(Math.min(100 * 1.5 ** poll, 2_000), sender);
  }
  return Array.from({ length: count }, () => ({ is: 'unknown' }));
}

function isSettled(body: string): boolean {
  const { state, pending } = JSON.parse(body) as { state?: string; pending?: number };
  return !['open', 'pending'].includes((state ?? 'open').toLowerCase()) && (pending ?? 0) === 0;
}

function understood<T>(read: () => T, reply: Reply): T {
  try {
    return read();
  } catch (error) {
    throw new CliError(`The answer (${reply.status}) can't be read: ${(error as Error).message}. Is this the address of a Sluice?`, EXIT.system, error);
  }
}

async function pause(ms: number, sender: Pick<Sender, 'signal'>): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: sender.signal });
  } catch (error) {
    throw new CliError('given up, because the run was stopped', EXIT.system, error);
  }
}
