import { ProblemError } from '../../../shared/errors/problem.ts';
import type { Answer, Call } from '../http/call.ts';
import { ignoredHeader } from '../http/parameters.ts';
import { QueryReader } from '../http/query-reader.ts';
import { clientReference } from './client-reference.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { newBatchId, timeLeft, type Intake, type ServedKind } from './intake.ts';
import { notChanged } from './not-changed.ts';
import { parsePrefer } from './prefer.ts';
import { recordIdOf } from './record-id.ts';

const HIGHEST_VERSION = 2_147_483_647;

/** DELETE of one record under its version, `?version=`: 204, 404 where there is none, 409 when the version is another or its state forbids it. */
export async function deleteOne(intake: Intake, kind: ServedKind, call: Call): Promise<Answer> {
  const id = recordIdOf(call.params.id);
  const query = new QueryReader(call.url, intake.limits.unknownQuery);
  const version = query.whole('version', null, 1, HIGHEST_VERSION);
  const ignored = query.end();
  if (version === null) throw new ProblemError({ status: 400, code: 'invalid-query', title: 'Invalid query', detail: 'version is missing: a record is deleted under the version that was read.', errors: [{ pointer: '?version', code: 'required', message: 'is missing.' }] });
  const reference = clientReference(call.req);
  const key = idempotencyKeyOf(call.req, call.url.pathname, Buffer.from(`version=${version}`));
  const { outcome, replayed, batchId } = await intake.change({
    batchId: newBatchId(), kind: kind.record.name, id, remove: true, body: {}, version, client: call.caller.client, ...reference, ...(key === undefined ? {} : { key }),
    deadlineMs: timeLeft(call, parsePrefer(call.req.headers.prefer)), requestId: call.requestId, trace: call.trace,
  });
  if (outcome.outcome === 'changed' || outcome.outcome === 'repeat') throw new Error('a deletion was answered as a change');
  if (outcome.outcome !== 'deleted') return notChanged(kind, id, version, batchId, outcome);
  return { status: 204, headers: { 'Sluice-Batch-Id': batchId, ...ignoredHeader(ignored), ...(replayed ? { 'Idempotency-Replayed': 'true' } : {}) }, body: '' };
}
