import type { Actor } from '../../../shared/db/audit.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import type { Call } from './call.ts';

const NAME = /^[\x21-\x7e]([\x20-\x7e]{0,98}[\x21-\x7e])?$/;

/**
 * Who asks for an operation: the client whose key it came with, and what the header Sluice-Operator says. That is a name, not a proof: it
 * tells those apart who share a key, it keeps nobody out. Without either, "anonymous".
 * @throws ProblemError 400 `invalid-operator`
 */
export function actorOf({ req, requestId, caller }: Pick<Call, 'req' | 'requestId' | 'caller'>): Actor {
  const header = req.headers['sluice-operator'];
  if (header === undefined) return { who: caller.client, requestId };
  const who = Array.isArray(header) ? header.join(',') : header;
  if (NAME.test(who)) return { who: caller.known ? `${caller.client}/${who}` : who, requestId };
  throw new ProblemError({ status: 400, code: 'invalid-operator', title: 'Invalid Sluice-Operator', detail: 'Sluice-Operator has 1 to 100 printable ASCII characters.', errors: [{ pointer: 'Sluice-Operator', code: 'format', message: '1 to 100 printable ASCII characters' }] });
}
