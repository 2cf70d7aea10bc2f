import { OPERATE, READ } from '../../../shared/access/access.ts';
import type { Route } from '../routes-table.ts';

/** What the routes of dead letters and of the audit do. */
export const LETTER_OPERATIONS = ['list-dead-letters', 'group-dead-letters', 'get-dead-letter', 'start-replay', 'list-replays', 'get-replay', 'stop-replay', 'discard-dead-letters', 'list-audit'] as const;
export type LetterOperation = (typeof LETTER_OPERATIONS)[number];

/** Routes of dead letters and of the audit; fixed paths before those with a parameter. */
export const LETTER_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/v1/dead-letters', operation: 'list-dead-letters', access: READ, summary: 'Messages that their sink refused for good' },
  { method: 'GET', path: '/api/v1/dead-letters/groups', operation: 'group-dead-letters', access: READ, summary: 'Dead letters by cause: count, first, last, an example' },
  { method: 'POST', path: '/api/v1/dead-letters/replays', operation: 'start-replay', access: OPERATE, summary: 'Send dead letters again at a capped rate, or tell what that would do' },
  { method: 'GET', path: '/api/v1/dead-letters/replays', operation: 'list-replays', access: READ, summary: 'Replays, newest first' },
  { method: 'GET', path: '/api/v1/dead-letters/replays/{id}', operation: 'get-replay', access: READ, summary: 'A replay and its progress' },
  { method: 'POST', path: '/api/v1/dead-letters/replays/{id}/stop', operation: 'stop-replay', access: OPERATE, summary: 'Stop a replay: what it released already is still sent' },
  { method: 'POST', path: '/api/v1/dead-letters/discards', operation: 'discard-dead-letters', access: OPERATE, summary: 'Close dead letters for good, with a reason' },
  { method: 'GET', path: '/api/v1/dead-letters/{id}', operation: 'get-dead-letter', access: READ, summary: 'All that is known of one dead letter' },
  { method: 'GET', path: '/api/v1/audit', operation: 'list-audit', access: READ, summary: 'Who did what when' },
];

/** Whether an operation is one of these. */
export function isLetterOperation(operation: string): operation is LetterOperation {
  return (LETTER_OPERATIONS as readonly string[]).includes(operation);
}
