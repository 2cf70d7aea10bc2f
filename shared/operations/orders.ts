import { OPERATE, READ } from '../access/access.ts';
import type { Operation } from './operation.ts';

/** Orders in submission that wait for a person. */
export const ORDERS_OPERATIONS = [
  { name: 'orders.overdue', method: 'GET', path: '/api/v1/overdue-orders', access: READ, summary: 'Orders in submission that a person must look at: whether the trade service has them could not be found out, or it has them more than once', arguments: [
    { name: 'limit', type: 'whole', place: 'query', min: 1, max: 1_000, meaning: 'At most so many, longest in submission first (default: 100).' },
  ] },
  { name: 'orders.settle', method: 'POST', path: '/api/v1/overdue-orders/{id}/settle', access: OPERATE, changes: true, summary: 'End the submission of such an order: SENT with its trade order, or NEW again',
    details: 'The trade service is asked first, and what it says is told. What it contradicts, or cannot confirm, is done with force alone.', arguments: [
      { name: 'id', type: 'whole', place: 'path', required: true, min: 1, meaning: 'The order.' },
      { name: 'as', type: 'text', place: 'body', required: true, choices: ['sent', 'new'], meaning: 'sent: it is there; new: it is not, and may be submitted again.' },
      { name: 'tradeOrderId', type: 'whole', place: 'body', min: 1, max: 2_147_483_647, meaning: 'Its trade order; needed where the trade service does not name exactly one.' },
      { name: 'force', type: 'switch', place: 'body', meaning: 'Do it although the trade service says otherwise, or says nothing.' },
      { name: 'why', type: 'text', place: 'body', meaning: 'Why; kept in the audit.' },
    ] },
] as const satisfies readonly Operation[];
