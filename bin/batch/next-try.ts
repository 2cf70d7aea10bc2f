import type { Reply } from '../send/http-client.ts';
import { decide, problemOf, retryAfterOf, type Tried } from '../send/retry-policy.ts';
import type { UploadSource } from './upload-source.ts';

/** What to do after a try of an upload. `over`: the batch ended meanwhile. */
export type NextTry = { act: 'done' } | { act: 'over' } | { act: 'again'; afterMs: number; why: string } | { act: 'stop'; why: string; usage: boolean };

export interface TryState {
  /** Tries since anything more was taken, this one included. */
  tries: number;
  retries: number;
  /** A number from 0 to 1, for the jitter. */
  random: number;
  again: UploadSource['again'];
}

const LONGEST_WAIT_FOR_LEASE_MS = 3_000;

/** Decides after a try. What was taken stands in any case, and what comes again under its key or offset is not written again. */
export function nextTry(tried: Tried, state: TryState): NextTry {
  const next = chosen(tried, state);
  if (next.act !== 'again' || state.again !== 'never') return next;
  return { act: 'stop', why: `${next.why}. It can't be gone on from there by itself: what is no file can't be read twice`, usage: false };
}

function chosen(tried: Tried, state: TryState): NextTry {
  const told = 'reply' in tried ? codeOf(tried.reply.body) : undefined;
  if ('reply' in tried) {
    const { status } = tried.reply;
    if (status === 202) return { act: 'done' };
    if (told === 'upload-over') return { act: 'over' };
    // Its edge may just not have noticed yet that the connection is gone; the lease itself is the longest it can last.
    if (told === 'upload-in-progress') return again(tried.reply, state, Math.min(retryAfterOf(tried.reply) ?? LONGEST_WAIT_FOR_LEASE_MS, LONGEST_WAIT_FOR_LEASE_MS));
    if (told === 'wrong-offset' || told === 'body-incomplete') return again(tried.reply, state, 0);
    if (status === 422) return { act: 'stop', why: `${problemOf(tried.reply)} (was --idempotency-key used for another file?)`, usage: true };
  }
  const decision = decide(tried, { tries: state.tries, retries: state.retries, keyed: true, random: state.random });
  if (decision.act === 'read') return { act: 'stop', why: 'reply' in tried ? problemOf(tried.reply) : '', usage: true };
  return decision.act === 'stop' && 'reply' in tried && tried.reply.status < 500 && tried.reply.status !== 429 ? { ...decision, usage: true } : decision;
}

function again(reply: Reply, state: TryState, afterMs: number): NextTry {
  const why = problemOf(reply);
  return state.tries > state.retries ? { act: 'stop', why: `${why} (tried ${state.tries} times)`, usage: false } : { act: 'again', afterMs, why };
}

function codeOf(body: string): string | undefined {
  try {
    const { code } = JSON.parse(body) as { code?: unknown };
    return typeof code === 'string' ? code : undefined;
  } catch {
    return undefined; // no problem document
  }
}
