import { ProblemError } from '../../../shared/errors/problem.ts';

/**
 * The id in a path: a whole number from 1 to 2^53 - 1.
 * @throws ProblemError 400 `invalid-id`
 */
export function recordIdOf(text: string | undefined): number {
  const id = /^\d{1,16}$/.test(text ?? '') ? Number(text) : NaN;
  if (!Number.isSafeInteger(id) || id < 1) {
    throw new ProblemError({ status: 400, code: 'invalid-id', title: 'Invalid id', detail: 'An id is a whole number greater than 0.', errors: [{ pointer: 'id', code: 'format', message: 'must be a whole number greater than 0' }] });
  }
  return id;
}
