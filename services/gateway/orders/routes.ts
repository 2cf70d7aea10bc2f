import { READ } from '../../../shared/access/access.ts';
import type { Route } from '../routes-table.ts';

/** What clients of orders ask beside orders. */
export const LOOKUP_OPERATIONS = ['list-statuses', 'list-order-types', 'list-blotters'] as const;
export type LookupOperation = (typeof LOOKUP_OPERATIONS)[number];

export const LOOKUP_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/v1/statuses', operation: 'list-statuses', access: READ, summary: 'The statuses that an order can have' },
  { method: 'GET', path: '/api/v1/orderTypes', operation: 'list-order-types', access: READ, summary: 'The types of orders' },
  { method: 'GET', path: '/api/v1/blotters', operation: 'list-blotters', access: READ, summary: 'The blotters that orders stand in' },
];

/** Whether an operation is one of these. */
export function isLookupOperation(operation: string): operation is LookupOperation {
  return (LOOKUP_OPERATIONS as readonly string[]).includes(operation);
}
