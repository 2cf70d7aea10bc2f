import { LANE_NAMES, type Lane } from '../../../shared/contracts/large.ts';
import { LARGE_HEAD, TUNE_LARGE } from '../../../shared/db/queries/batch-steering.ts';
import { ProblemError, type ItemFault } from '../../../shared/errors/problem.ts';
import type { BatchState } from '../../../shared/batches/states.ts';
import type { Run } from './large-facts.ts';

export type Tuning = { priority: Lane } | { parallelism: number };

export interface Tuned {
  batchId: string;
  state: BatchState;
  priority: Lane;
  parallelism: number;
}

/**
 * Reads the body of a change: an object with just the member that the path names.
 * @throws ProblemError 400 invalid-body
 */
export function parseTuning(body: unknown, name: 'priority' | 'parallelism', maxParallelism: number): Tuning {
  const faults: ItemFault[] = [];
  const members = isObject(body) ? body : {};
  if (!isObject(body)) faults.push({ pointer: '', code: 'type', message: 'The body must be an object.' });
  for (const [other, value] of Object.entries(members)) {
    if (other !== name && value !== null) faults.push({ pointer: `/${other.slice(0, 64).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`, code: 'unknown-member', message: `is not known; known is ${name}.` });
  }
  const value = members[name] ?? null;
  const lane = LANE_NAMES.find((lane) => lane === value);
  if (name === 'priority') {
    if (lane === undefined && isObject(body)) faults.push({ pointer: '/priority', code: 'unknown-value', message: `must be one of ${LANE_NAMES.join(', ')}.` });
    if (faults.length === 0 && lane !== undefined) return { priority: lane };
  } else {
    const parallelism = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maxParallelism ? value : undefined;
    if (parallelism === undefined && isObject(body)) faults.push({ pointer: '/parallelism', code: 'range', message: `must be a whole number from 1 to ${maxParallelism} (setting maxParallelism).` });
    if (faults.length === 0 && parallelism !== undefined) return { parallelism };
  }
  throw new ProblemError({ status: 400, code: 'invalid-body', title: 'The body was refused', detail: faults.map(({ pointer, message }) => (pointer === '' ? message : `${pointer.slice(1)} ${message}`)).join(' '), errors: faults });
}

/**
 * Changes priority or parallelism of a large batch that has not ended; what is under way is not touched.
 * @throws ProblemError 404; 409 `not-now`
 */
export async function tuneBatch(run: Run, batchId: string, client: string, tuning: Tuning): Promise<Tuned> {
  const [tuned] = await run(TUNE_LARGE, [batchId, client, 'priority' in tuning ? tuning.priority : null, 'parallelism' in tuning ? tuning.parallelism : null]);
  if (tuned !== undefined) return { batchId, state: tuned[0] as BatchState, priority: tuned[1] as Lane, parallelism: Number(tuned[2]) };
  const [head] = await run(LARGE_HEAD, [batchId, client]);
  if (head === undefined) throw noSuchLargeBatch();
  const state = head[1] as BatchState;
  throw new ProblemError({
    status: 409, code: 'not-now', title: 'Not in this state',
    detail: `The batch is ${state}; its ${Object.keys(tuning)[0] ?? ''} can't be changed any more. It can in RECEIVING, READY, RUNNING and PAUSED.`, extra: { state, allowed: [] },
  });
}

/** 404: small batches can't be steered, and have no events. */
export function noSuchLargeBatch(): ProblemError {
  return new ProblemError({ status: 404, code: 'not-found', title: 'No such batch', detail: 'There is no large batch with this id.' });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);
}
