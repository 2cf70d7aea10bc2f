import { FLEET_ERRORS, fleetErrorType } from '../../../shared/errors/fleet-errors.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { Answer } from './call.ts';

/** Seconds after which a passing fault of ours is worth another try. */
const RETRY_AFTER = '1';

/** Any error as the problem its client is told; only a fault nobody foresaw is a 500. */
export function problemOf(error: unknown): ProblemError {
  const problem = ProblemError.from(error);
  if (problem !== undefined) return problem;
  const type = fleetErrorType(error);
  if (type !== undefined && UNAVAILABLE.has(type)) return unavailable('A part of Sluice that this call needs does not answer right now.', error);
  if (isDatabaseError(error)) return unavailable('The database does not answer right now.', error);
  return new ProblemError({ status: 500, code: 'internal-error', title: 'Internal error', detail: 'Something in Sluice failed in a way it should not; the log has the reason under this request id.', cause: error });
}

const UNAVAILABLE = new Set<string>([
  'REQUEST_TIMEOUT', 'REQUEST_REJECTED', 'SERVICE_NOT_FOUND', 'SERVICE_NOT_AVAILABLE', 'QUEUE_FULL',
  FLEET_ERRORS.notWritten, FLEET_ERRORS.outcomeUnknown, FLEET_ERRORS.tooLate,
]);

function isDatabaseError(error: unknown): boolean {
  const { code, message, name } = error as { code?: unknown; message?: string; name?: string };
  if (name === 'StatementTimeout') return true;
  if (typeof code === 'string' && (/^[0-9A-Z]{5}$/.test(code) || /^E[A-Z]+$/.test(code))) return true;
  return typeof message === 'string' && /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(message);
}

function unavailable(detail: string, cause: unknown): ProblemError {
  return new ProblemError({ status: 503, code: 'unavailable', title: 'Unavailable', detail: `${detail} Try again in a moment.`, headers: { 'Retry-After': RETRY_AFTER }, cause });
}

/** A problem as an answer. */
export function problemAnswer(problem: ProblemError, instance: string): Answer {
  return { status: problem.status, headers: problem.headers, contentType: 'application/problem+json', body: JSON.stringify(problem.toDocument(instance)) };
}
