import type { GateKeeper } from '../../../shared/runtime/intake-gate.ts';
import { leaveBody } from '../body/leave-body.ts';
import { readBody } from '../body/read-body.ts';
import type { Call } from '../http/call.ts';

/**
 * The body of a writing request, if there is room for what it will bring: a request that would be refused for load is
 * refused before its body is read and parsed.
 * @throws ProblemError 503 with Retry-After, and all that readBody throws
 */
export async function takeBody({ req, deadlineAt }: Call, maxBytes: number, gate: GateKeeper): Promise<Buffer> {
  const length = req.headers['content-length'];
  let leave: () => void;
  try {
    leave = gate.enter(length === undefined ? undefined : Number(length), deadlineAt - performance.now());
  } catch (refusal) {
    leaveBody(req);
    throw refusal;
  }
  try {
    return await readBody(req, { maxBytes, deadlineAt });
  } finally {
    leave();
  }
}
