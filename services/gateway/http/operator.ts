import type { Actor } from '../../../shared/db/audit.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { Call } from './call.ts';

const NAME = /^[\x21-\x7e]([\x20-\x7e]{0,98}[\x21-\x7e])?$/;
const UNNAMED = 'anonymous';

/**
 * Who asks for an operation: what the header Sluice-Operator says, else "anonymous". A name, not a proof: it tells colleagues
 * apart, it keeps nobody out.
 * @throws ProblemError 400 `invalid-operator`
 */
export function actorOf({ req, requestId }: Pick<Call, 'req' | 'requestId'>): Actor {
  const header = req.headers['sluice-operator'];
  if (header === undefined) return { who: UNNAMED, requestId };
  const who = Array.isArray(header) ? header.join(',') : header;
  if (NAME.test(who)) return { who, requestId };
  throw new ProblemError({ status: 400, code: 'invalid-operator', title: 'Invalid Sluice-Operator', detail: 'Sluice-Operator has 1 to 100 printable ASCII characters.', errors: [{ pointer: 'Sluice-Operator', code: 'format', message: '1 to 100 printable ASCII characters' }] });
}
