import type { NoReply, Reply } from './http-client.ts';

/** What came of one try. */
export type Tried = { reply: Reply } | { noReply: NoReply };

/** What to do next: read the answer, try the same request again after a pause, or give up for a reason. */
export type Decision = { act: 'read' } | { act: 'again'; afterMs: number; why: string } | { act: 'stop'; why: string; usage: boolean };

export interface RetryState {
  /** Tries made so far, this one included. */
  tries: number;
  /** Tries after the first that are allowed. */
  retries: number;
  /** Whether the request carries an Idempotency-Key, so that a repeat can't write twice. */
  keyed: boolean;
  /** A number from 0 to 1, for the jitter. */
  random: number;
}

const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 10_000;
const LONGEST_RETRY_AFTER = 120_000;
const READABLE = new Set([200, 201, 202, 207, 400, 413]);
const UNKNOWN_OUTCOME = new Set([408, 500, 502, 504]);

/**
 * Decides after a try. 503 and 429 say that nothing was done, so anyone may send again; after a timeout or a broken
 * connection only a request with a key may.
 */
export function decide(tried: Tried, state: RetryState): Decision {
  if ('noReply' in tried) {
    const { message, neverSent } = tried.noReply;
    if (!state.keyed && !neverSent) return stop(`${message}; without a key it is not known whether the items were written`);
    return again(message, state);
  }
  const { status } = tried.reply;
  if (READABLE.has(status)) return { act: 'read' };
  const why = `${status} ${problemOf(tried.reply)}`;
  if (status === 503 || status === 429) return again(why, state, retryAfterOf(tried.reply));
  if (status === 409 && problemOf(tried.reply).includes('request-in-progress')) return again(why, state, retryAfterOf(tried.reply));
  if (UNKNOWN_OUTCOME.has(status)) return state.keyed ? again(why, state) : stop(`${why}; without a key it is not known whether the items were written`);
  if (status === 404 || status === 405) return stop(`${why}: is this the address of a Sluice that knows this kind?`, true);
  if (status === 422) return stop(`${why}: this key was used for other items; was --key-prefix given with another file, or with another --batch?`, true);
  return stop(why);
}

function again(why: string, state: RetryState, retryAfterMs?: number): Decision {
  if (state.tries > state.retries) return stop(`${why} (tried ${state.tries} times)`);
  // Half of our own pause is jitter; on the server's word only upwards, so that what waits doesn't come back all at once.
  if (retryAfterMs !== undefined) return { act: 'again', afterMs: Math.min(retryAfterMs, LONGEST_RETRY_AFTER) + state.random * FIRST_PAUSE, why };
  const pause = Math.min(FIRST_PAUSE * 2 ** (state.tries - 1), LONGEST_PAUSE);
  return { act: 'again', afterMs: pause * (0.5 + state.random / 2), why };
}

function stop(why: string, usage = false): Decision {
  return { act: 'stop', why, usage };
}

/** Retry-After in ms: seconds or a date; undefined if there is none that can be read. */
export function retryAfterOf(reply: Reply, now: () => number = Date.now): number | undefined {
  const text = reply.headers['retry-after'];
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** A problem document's code and detail, or nothing. */
export function problemOf(reply: Reply): string {
  try {
    const { code, detail, title } = JSON.parse(reply.body) as { code?: unknown; detail?: unknown; title?: unknown };
    return [code, detail ?? title].filter((part) => typeof part === 'string').join(': ');
  } catch {
    return ''; // no problem document: a proxy's page, or nothing at all
  }
}
