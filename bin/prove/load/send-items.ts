import type { Answered } from './ask.ts';
import { attempt, pause, type Errand } from './errand.ts';
import { bodyOf, markOf } from './items.ts';
import { runsOf } from './journal.ts';
import { readAnswer } from './read-answer.ts';
import type { Fate, Reading } from './reading.ts';

/** What a client does with its items, and how it behaves. */
export interface ItemsPlan {
  items: number;
  badShare: number;
  single?: boolean;
  keyed?: boolean;
  prefer?: string;
  /** How long it waits for an answer, in ms, by attempt; the last one holds for all that follow. */
  patienceMs: readonly number[];
  /** It goes away after so long, and is never heard of again. */
  vanishMs?: number;
  /** How often it asks again with the same key though it has the answer. */
  doubts?: number;
}

const MOST_ATTEMPTS = 12;
const BUSY_PAUSE_MS = 200;
const LONGEST_RETRY_MS = 2_000;
const POLLS = 30;
const POLL_MS = 500;
const KNOWN_TO_CHANGE = 3;

/** How items of a kind are sent, and what an answer says of them. */
export interface Dialect {
  path: string;
  body(): Buffer;
  read(answered: Answered): Reading;
}

/** What a client knows after its last attempt. */
export interface Knowledge {
  fates: readonly (Fate | undefined)[];
  batchId?: string;
  pending?: true;
}

/** Sends items as the plan says, and journals what was told of them. Resolves with the fates. */
export async function sendItems(errand: Errand, shape: string, plan: ItemsPlan): Promise<readonly (Fate | undefined)[]> {
  const { chronicle, journal, counts } = errand;
  const fromMs = chronicle.now();
  counts.requests += 1;
  counts.items += plan.items;
  const { attempts, edge, known } = await untilKnown(errand, plan, executions(errand, plan));
  const settledWritten = known.pending && known.batchId !== undefined ? await askUntilClosed(errand, known.batchId) : undefined;
  journal.write({
    no: errand.no, shape, items: plan.items, badShare: plan.badShare, keyed: plan.keyed === true, edge, fromMs: Math.round(fromMs), toMs: Math.round(chronicle.now()), attempts,
    ...(known.batchId === undefined ? {} : { batchId: known.batchId }), ...(known.pending ? { pending: true } : {}), ...(settledWritten === undefined ? {} : { settledWritten }),
    ...runsOf(known.fates),
  });
  let few = KNOWN_TO_CHANGE;
  for (const fate of known.fates) if (typeof fate === 'number' && few-- > 0) errand.changeable.push({ id: fate, version: 1 });
  return known.fates;
}

/** Sends, and under a key sends again, until the client knows what became of its items, or gives up. */
export async function untilKnown(errand: Errand, plan: ItemsPlan, dialect: Dialect): Promise<{ attempts: number; edge: number; known: Knowledge }> {
  const unknown: Knowledge = { fates: new Array<undefined>(plan.items).fill(undefined) };
  let known: Knowledge | undefined;
  let unanswered = 0;
  let doubts = plan.doubts ?? 0;
  for (let attempts = 1; ; attempts++) {
    const { edge, reading } = await ask(errand, plan, dialect, attempts);
    const last = plan.keyed !== true || attempts === MOST_ATTEMPTS || errand.stopped.aborted;
    const done = (knowledge: Knowledge) => ({ attempts, edge, known: knowledge });
    switch (reading?.says) {
      case undefined:
        unanswered += 1;
        if (last) return done(known ?? unknown);
        await pause(errand, 20);
        break;
      case 'items': {
        if (attempts > 1) judgeRepeat(errand, known, reading, attempts);
        known ??= { fates: withoutHope(reading.fates, unanswered), ...(reading.batchId === undefined ? {} : { batchId: reading.batchId }) };
        if (last || doubts-- <= 0) return done(known);
        // Where nothing was stored the key is free again, and the next attempt sends it anew: what it is told counts.
        if (!known.fates.some((fate) => typeof fate === 'number')) known = undefined;
        break;
      }
      case 'not-done':
        // The key of a request that came to nothing is free again: to send it again is to send it anew.
        if (known) return done(known);
        if (last || errand.random() < 0.3) return done(unanswered > 0 ? unknown : { ...unknown, fates: unknown.fates.map(() => 'withdrawn' as const), ...(reading.batchId === undefined ? {} : { batchId: reading.batchId }) });
        await pause(errand, Math.min(LONGEST_RETRY_MS, reading.retryAfterS * 1_000));
        break;
      case 'busy':
        if (last) return done(known ?? unknown);
        await pause(errand, BUSY_PAUSE_MS);
        break;
      case 'pending':
        return done(known ?? { ...unknown, batchId: reading.batchId, pending: true });
      case 'nonsense':
        errand.scoreboard.tried('true');
        errand.scoreboard.broken('true', `request ${errand.no} (attempt ${attempts}, ${plan.items} items): ${reading.why}; under way: ${errand.chronicle.namesDuring(errand.chronicle.now() - 1_000, errand.chronicle.now())}`);
        return done(known ?? unknown);
    }
  }
}

async function ask(errand: Errand, plan: ItemsPlan, dialect: Dialect, attempts: number): Promise<{ edge: number; reading: Reading | undefined }> {
  const { load, no } = errand;
  const headers: Record<string, string> = { ...(plan.keyed === true ? { 'Idempotency-Key': `${load.tag}-${no}` } : {}), ...(plan.prefer === undefined ? {} : { Prefer: plan.prefer }) };
  const timeoutMs = plan.patienceMs[Math.min(attempts, plan.patienceMs.length) - 1] as number;
  // The body is made anew each time: an hour of clients that wait must not hold them all.
  const outcome = await attempt(errand, { method: 'POST', path: dialect.path, headers, body: dialect.body(), timeoutMs, ...(plan.vanishMs === undefined ? {} : { vanishMs: plan.vanishMs }) });
  return { edge: outcome.edge, reading: 'none' in outcome ? undefined : dialect.read(outcome) };
}

function executions({ load, no }: Errand, { items, badShare, single = false }: ItemsPlan): Dialect {
  return {
    path: single ? '/api/v1/executions' : '/api/v1/executions/batch',
    body: () => bodyOf(load, no, { items, badShare, single }),
    read: (answered) => readAnswer(answered, items, single, (index) => markOf(load, no, index)),
  };
}

/**
 * Where nothing was stored the key is free again, and an attempt without an answer may still be on its way: what was withdrawn
 * by one attempt may be written by the other.
 */
function withoutHope(fates: readonly Fate[], unanswered: number): readonly (Fate | undefined)[] {
  if (unanswered === 0 || fates.some((fate) => typeof fate === 'number')) return fates;
  return fates.map((fate) => (fate === 'withdrawn' ? undefined : fate));
}

/** The same key again: whatever was stored has the same ids, whatever was refused is refused. */
function judgeRepeat({ scoreboard, chronicle, no }: Errand, known: Knowledge | undefined, reading: Extract<Reading, { says: 'items' }>, attempts: number): void {
  scoreboard.tried('key');
  if (known === undefined || !known.fates.some((fate) => typeof fate === 'number')) return;
  const index = known.fates.findIndex((fate, i) => fate !== reading.fates[i]);
  if (index < 0) return;
  scoreboard.broken('key', `request ${no}, item ${index}, batch ${String(reading.batchId)}: told ${String(known.fates[index])} first, ${String(reading.fates[index])} at attempt ${attempts}; under way: ${chronicle.namesDuring(chronicle.now() - 1_000, chronicle.now())}`);
}

/** Asks at the place that a 202 names, until the batch is closed. Resolves with what it counts as written, or undefined after 15 s. */
export async function askUntilClosed(errand: Errand, batchId: string): Promise<number | undefined> {
  for (let poll = 0; poll < POLLS && !errand.stopped.aborted; poll++) {
    const outcome = await attempt(errand, { method: 'GET', path: `/api/v1/batches/${batchId}`, timeoutMs: 5_000 });
    if (!('none' in outcome) && outcome.status === 200) {
      const { state, written } = JSON.parse(outcome.text) as { state: string; written: number };
      if (state === 'closed') return written;
    }
    await pause(errand, POLL_MS);
  }
  return undefined;
}
