import { ProblemError } from '../../../shared/errors/problem.ts';
import type { Call } from '../http/call.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The batch that a path names. @throws ProblemError 400 `invalid-id` */
export function batchIdOf(call: Call): string {
  const id = call.params.id ?? '';
  if (UUID.test(id)) return id.toLowerCase();
  throw new ProblemError({ status: 400, code: 'invalid-id', title: 'Invalid id', detail: 'The id of a batch is a UUID.', errors: [{ pointer: 'id', code: 'format', message: 'must be a UUID' }] });
}
