import { OWN, STEER, SUBMIT } from '../../../shared/access/access.ts';
import type { Route } from '../routes-table.ts';

/** What is done with large batches beside taking them in and moving them from state to state. */
export const BATCH_OPERATIONS = ['list-batches', 'batch-events', 'tune-batch', 'retry-batch'] as const;
export type BatchOperation = (typeof BATCH_OPERATIONS)[number];

export const BATCH_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/v1/batches', operation: 'list-batches', access: OWN, summary: 'Large batches, newest first' },
  { method: 'GET', path: '/api/v1/batches/{id}/events', operation: 'batch-events', access: OWN, summary: 'What becomes of a large batch, as server-sent events' },
  { method: 'POST', path: '/api/v1/batches/{id}/priority', operation: 'tune-batch', access: STEER, summary: 'Change the priority of a large batch while it runs' },
  { method: 'POST', path: '/api/v1/batches/{id}/parallelism', operation: 'tune-batch', access: STEER, summary: 'Change the parallelism of a large batch while it runs' },
  { method: 'POST', path: '/api/v1/batches/{id}/retry', operation: 'retry-batch', access: SUBMIT, submits: 'of-its-batch', summary: 'Carry out the failed items of a large batch again, as a new batch' },
];

/** Whether an operation is one of these. */
export function isBatchOperation(operation: string): operation is BatchOperation {
  return (BATCH_OPERATIONS as readonly string[]).includes(operation);
}
