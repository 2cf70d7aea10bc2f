import type { Fault } from './item.ts';

/** What became of one item of a batch. */
export type Fate = { is: 'written' } | { is: 'failed'; faults: Fault[] } | { is: 'withdrawn'; faults: Fault[] } | { is: 'unknown' };


interface WireFault {
  index?: number;
  requestIndex?: number;
  pointer?: string;
  code?: string;
  message?: string;
}
interface WireResult extends WireFault {
  status?: string;
  errors?: WireFault[];
}
interface WireAnswer extends WireFault {
  status?: string | number;
  detail?: string;
  results?: WireResult[];
  errors?: WireFault[];
}

const GOOD = new Set(['SUCCESS', 'WRITTEN', 'DELIVERED']);

/**
 * Reads what became of each of `count` items from the body of a 200, 201, 207, 400 or 503.
 * Results belong to items by their index, never by position; an item that the answer passes over is unknown, unless all
 * went well.
 * @throws Error when the body is no such answer
 */
export function readAnswer(body: string, count: number): Fate[] {
  const answer = JSON.parse(body) as WireAnswer;
  const byIndex = groupByIndex(answer.errors ?? []);
  if (answer.results === undefined) {
    const whole = faultOf({ code: answer.code ?? 'refused', message: answer.detail ?? answer.message ?? 'The batch was refused.' });
    return Array.from({ length: count }, (_, i) => failed(byIndex.get(i) ?? [whole]));
  }
  const fates: Fate[] = Array.from({ length: count }, () => (answer.status === 'SUCCESS' ? { is: 'written' } : { is: 'unknown' }));
  for (const result of answer.results) setFate(fates, result, byIndex);
  return fates;
}

/** Reads the receipts of a batch, NDJSON, as `GET /api/v1/batches/{id}/items` gives them. */
export function readReceipts(body: string, count: number): Fate[] {
  const fates: Fate[] = Array.from({ length: count }, () => ({ is: 'unknown' }));
  for (const line of body.split('\n')) if (line.trim() !== '') setFate(fates, JSON.parse(line) as WireResult, new Map());
  return fates;
}

function setFate(fates: Fate[], result: WireResult, byIndex: Map<number, Fault[]>): void {
  const index = result.requestIndex ?? result.index;
  if (index === undefined || !Number.isInteger(index) || index < 0 || index >= fates.length) return;
  if (GOOD.has(result.status ?? '')) fates[index] = { is: 'written' };
  else if (result.status === 'PENDING') fates[index] = { is: 'unknown' };
  else fates[index] = failed(byIndex.get(index) ?? (result.errors !== undefined && result.errors.length > 0 ? result.errors.map(faultOf) : [faultOf(result)]));
}

/** Codes that begin with `withdrawn` promise that the item was not and never will be written by this request: send it again. */
function failed(faults: Fault[]): Fate {
  return { is: faults.every((f) => f.code.startsWith('withdrawn')) ? 'withdrawn' : 'failed', faults };
}

function groupByIndex(errors: WireFault[]): Map<number, Fault[]> {
  const byIndex = new Map<number, Fault[]>();
  for (const error of errors) {
    const index = error.index ?? error.requestIndex;
    if (index !== undefined) byIndex.set(index, [...(byIndex.get(index) ?? []), faultOf(error)]);
  }
  return byIndex;
}

/** Pointers in an answer point into the body that was sent; the user knows the item alone. */
function faultOf({ pointer, code, message }: WireFault): Fault {
  return { pointer: (pointer ?? '').replace(/^(?:\/[A-Za-z_-]+)?\/\d+(?=\/|$)/, ''), code: code ?? 'failed', message: message ?? 'no reason was given' };
}
