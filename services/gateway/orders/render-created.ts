import type { BatchOutcome } from '../../../shared/contracts/actions.ts';
import type { Reject } from '../../../shared/contracts/slices.ts';
import type { Answer } from '../http/call.ts';
import { renderPending, SAFE_TO_SEND } from '../write/render-batch.ts';

/** JSON text of the order that was stored of the item at an index. */
export type OrderText = (index: number, id: number) => string;

/**
 * The answer of a bulk creation: 200 when all are stored, 207 when some are not, also when none is; 503 where load or time refused all;
 * 202 when it is not known yet. Results stand in the order of the request.
 * @param order its text; without it ids are told instead of orders
 */
export function renderCreated(outcome: BatchOutcome, order: OrderText | undefined): Answer {
  if (outcome.state === 'pending') return renderPending(outcome);
  const rejects = Map.groupBy(outcome.rejects, ([index]) => index);
  const withdrawn = new Set(outcome.withdrawn);
  const failed = rejects.size + withdrawn.size;
  const successful = outcome.requested - failed;
  const status = failed === 0 ? 'SUCCESS' : successful > 0 ? 'PARTIAL' : 'FAILURE';
  let rows = '';
  for (let index = 0; index < outcome.requested; index++) {
    if (index > 0) rows += ',';
    const faults = rejects.get(index);
    if (faults !== undefined) rows += refused(index, faults);
    else if (withdrawn.has(index)) rows += withdrawnRow(index, outcome.withdrawnCode);
    else {
      const id = outcome.ids[index] ?? 0;
      rows += `{"status":"SUCCESS","message":"Stored.",${order === undefined ? '' : `"order":${order(index, id)},`}"orderId":${id},"requestIndex":${index}}`;
    }
  }
  const byLoad = withdrawn.size === outcome.requested;
  return {
    status: failed === 0 ? 200 : byLoad ? 503 : 207,
    headers: { 'Sluice-Batch-Id': outcome.batchId, ...(outcome.replayed ? { 'Idempotency-Replayed': 'true' } : {}), ...(byLoad ? { 'Retry-After': String(outcome.retryAfter ?? 1) } : {}) },
    body: `{"status":"${status}","message":${JSON.stringify(messageOf(outcome.requested, successful, rejects.size, withdrawn.size))},"totalReceived":${outcome.requested},"successful":${successful},"failed":${failed},"orders":[${rows}],"batchId":"${outcome.batchId}"}`,
  };
}

function refused(index: number, faults: readonly Reject[]): string {
  const errors = faults.map(([, code, pointer, message]) => ({ index, pointer: `/${index}${pointer}`, code, message }));
  return JSON.stringify({ status: 'FAILURE', message: faults.map((fault) => fault[3]).join(' '), order: null, requestIndex: index, code: faults[0]?.[1], errors });
}

function withdrawnRow(index: number, given: string | undefined): string {
  const code = given === 'withdrawn-deadline' ? given : 'withdrawn-unavailable';
  return JSON.stringify({ status: 'FAILURE', message: SAFE_TO_SEND[code], order: null, requestIndex: index, code, errors: [{ index, pointer: `/${index}`, code, message: SAFE_TO_SEND[code] }] });
}

function messageOf(received: number, successful: number, rejected: number, withdrawn: number): string {
  if (successful === received) return `All ${received} orders stored.`;
  return [`${successful} of ${received} orders stored`, ...(rejected > 0 ? [`${rejected} refused, see their errors`] : []), ...(withdrawn > 0 ? [`${withdrawn} withdrawn, safe to send again`] : [])].join('; ').concat('.');
}
