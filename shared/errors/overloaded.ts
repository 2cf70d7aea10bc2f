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
