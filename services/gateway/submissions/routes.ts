import { SUBMIT } from '../../../shared/access/access.ts';
import type { Route } from '../routes-table.ts';

export const SUBMISSION_OPERATIONS = ['submit-order', 'submit-orders'] as const;
export type SubmissionOperation = (typeof SUBMISSION_OPERATIONS)[number];

/** Routes that send orders to the trade service; the fixed path before that with a parameter. */
export const SUBMISSION_ROUTES: readonly Route[] = [
  { method: 'POST', path: '/api/v1/orders/batch/submit', operation: 'submit-orders', access: SUBMIT, submits: 'order', summary: 'Submit orders to the trade service, with an answer for each' },
  { method: 'POST', path: '/api/v1/orders/{id}/submit', operation: 'submit-order', access: SUBMIT, submits: 'order', summary: 'Submit one order to the trade service' },
];

/** Whether an operation is one of these. */
export function isSubmissionOperation(operation: string): operation is SubmissionOperation {
  return (SUBMISSION_OPERATIONS as readonly string[]).includes(operation);
}
