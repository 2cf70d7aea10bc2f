import type { BatchOutcome } from '../../../shared/contracts/actions.ts';
import type { Reject } from '../../../shared/contracts/slices.ts';
import type { RecordRow } from '../../../shared/records/record-kind.ts';
import type { Answer } from '../http/call.ts';

/** How a stored record of an item becomes JSON text. */
export interface RecordText {
  /** Member of a result that holds the record: the kind's name. */
  member: string;
  /** From the checked item, its id and the batch's instant. */
  ofItem(item: RecordRow, id: number, receivedAt: string): string;
  /** As it is in the table now, for answers given again; by id. */
  stored?: ReadonlyMap<number, string>;
}

/** What an item is told that time or load took back, by code. */
export const SAFE_TO_SEND = {
  'withdrawn-deadline': 'Not written before the deadline, and never will be by this request. Safe to send again.',
  'withdrawn-unavailable': 'Not written, because the database or the writers did not answer in time, and never will be by this request. Safe to send again.',
} as const;

/**
 * The answer of a batch: 201, 207, 400 when every item was refused for what it is, 503 when none was
 * stored and load or time was a reason, 202 when it is not known yet. Results stand in the order of the request.
 * @param itemsPointer JSON pointer of the items' array in the body
 * @param minimal ids instead of records
 */
export function renderBatch(outcome: BatchOutcome, itemsPointer: string, minimal: boolean, text: RecordText): Answer {
  if (outcome.state === 'pending') return renderPending(outcome);
  const rejects = byIndex(outcome.rejects);
  const withdrawn = new Set(outcome.withdrawn);
  const failed = rejects.size + withdrawn.size;
  const successful = outcome.requested - failed;
  const status = failed === 0 ? 'SUCCESS' : successful > 0 ? 'PARTIAL_SUCCESS' : 'FAILED';
  const code = outcome.withdrawnCode === undefined ? '' : (outcome.withdrawnCode as keyof typeof SAFE_TO_SEND);

  let results = '';
  for (let index = 0; index < outcome.requested; index++) {
    if (index > 0) results += ',';
    const faults = rejects.get(index);
    if (faults !== undefined) results += failedResult(index, faults, itemsPointer, text.member);
    else if (withdrawn.has(index)) results += withdrawnResult(index, code, itemsPointer, text.member);
    else {
      const id = outcome.ids[index] ?? 0;
      results += `{"requestIndex":${index},"status":"SUCCESS","message":"Stored.",`;
      if (minimal) results += `"id":${id}}`;
      else {
        const item = outcome.items?.[index];
        const record = item === undefined ? (text.stored?.get(id) ?? 'null') : text.ofItem(item as RecordRow, id, outcome.receivedAt);
        results += `"${text.member}":${record}}`;
      }
    }
  }
  // Sending again helps as soon as one item was withdrawn, even where the others were refused for what they are.
  const refusedByLoad = status === 'FAILED' && withdrawn.size > 0;
  return {
    status: status === 'SUCCESS' ? 201 : status === 'PARTIAL_SUCCESS' ? 207 : refusedByLoad ? 503 : 400,
    headers: {
      ...(outcome.replayed ? { 'Idempotency-Replayed': 'true' } : {}),
      ...(refusedByLoad ? { 'Retry-After': String(outcome.retryAfter ?? 1) } : {}),
    },
    body: `{"status":"${status}","message":${JSON.stringify(messageOf(outcome.requested, successful, rejects.size, withdrawn.size))},"totalRequested":${outcome.requested},"successful":${successful},"failed":${failed},"results":[${results}],"batchId":"${outcome.batchId}","metrics":${JSON.stringify(roundedMetrics(outcome))}}`,
  };
}

/** 202: what became of the batch is not known yet; the place to ask. */
export function renderPending(outcome: BatchOutcome): Answer {
  return {
    status: 202,
    headers: { Location: `/api/v1/batches/${outcome.batchId}` },
    body: JSON.stringify({ status: 'PENDING', message: 'Not known yet; ask at the place that Location names.', totalRequested: outcome.requested, batchId: outcome.batchId, results: [] }),
  };
}

function byIndex(rejects: readonly Reject[]): Map<number, Reject[]> {
  const map = new Map<number, Reject[]>();
  for (const reject of rejects) {
    const list = map.get(reject[0]);
    if (list === undefined) map.set(reject[0], [reject]);
    else list.push(reject);
  }
  return map;
}

function failedResult(index: number, faults: readonly Reject[], itemsPointer: string, member: string): string {
  const errors = faults.map(([, code, pointer, message]) => ({ index, pointer: `${itemsPointer}/${index}${pointer}`, code, message }));
  return JSON.stringify({ requestIndex: index, status: 'FAILED', message: faults.map((f) => f[3]).join(' '), code: faults[0]?.[1], errors, [member]: null });
}

function withdrawnResult(index: number, code: keyof typeof SAFE_TO_SEND | '', itemsPointer: string, member: string): string {
  const message = code === '' ? SAFE_TO_SEND['withdrawn-unavailable'] : SAFE_TO_SEND[code];
  const errors = [{ index, pointer: `${itemsPointer}/${index}`, code, message }];
  return JSON.stringify({ requestIndex: index, status: 'FAILED', message, code, errors, [member]: null });
}

function messageOf(requested: number, successful: number, rejected: number, withdrawn: number): string {
  if (successful === requested) return `All ${requested} items stored.`;
  const parts = [`${successful} of ${requested} items stored`];
  if (rejected > 0) parts.push(`${rejected} refused, see their errors`);
  if (withdrawn > 0) parts.push(`${withdrawn} withdrawn, safe to send again`);
  return `${parts.join('; ')}.`;
}

function roundedMetrics(outcome: BatchOutcome): Record<string, number> {
  return Object.fromEntries(Object.entries(outcome.metrics).map(([name, value]: [string, number]) => [name, Math.round(value * 100) / 100]));
}
