import { ProblemError } from './problem.ts';

/**
 * 503: something is full; nothing of this request was done.
 * @param retryAfter seconds, from what waits and the measured rate at which it drains
 */
export function overloaded(retryAfter: number): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'overloaded',
    title: 'Too much load',
    detail: `More is waiting than can be done soon. Nothing of this request was done; send it again after ${retryAfter} s.`,
    headers: { 'Retry-After': String(retryAfter) },
  });
}

/**
 * 503: the pools of connections to PostgreSQL are exhausted, so nothing that writes is let in; nothing of this request was done.
 * @param retryAfter seconds, until requests are let through again to try
 */
export function poolsExhausted(retryAfter: number): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'pools-exhausted',
    title: 'No connections to PostgreSQL left',
    detail: `Too many have been waiting for a connection to PostgreSQL for too long. Nothing of this request was done; send it again after ${retryAfter} s. Reading requests are answered.`,
    headers: { 'Retry-After': String(retryAfter) },
  });
}

/** 503: an operator lets nothing new into this queue; nothing of this request was done. */
export function queuePaused(queue: string, retryAfter: number): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'queue-paused',
    title: 'Paused by an operator',
    detail: `The queue ${queue} takes nothing new at the moment (setting pausedQueues). Nothing of this request was done; send it again later. Reading requests are answered.`,
    headers: { 'Retry-After': String(retryAfter) },
  });
}
