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
