import type { Route } from '../routes-table.ts';

/** What the routes of dead letters and of the audit do. */
export const LETTER_OPERATIONS = ['list-dead-letters', 'group-dead-letters', 'get-dead-letter', 'start-replay', 'list-replays', 'get-replay', 'stop-replay', 'discard-dead-letters', 'list-audit'] as const;
export type LetterOperation = (typeof LETTER_OPERATIONS)[number];

/** Routes of dead letters and of the audit; fixed paths before those with a parameter. */
export const LETTER_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/v1/dead-letters', operation: 'list-dead-letters', summary: 'Messages that their sink refused for good' },
  { method: 'GET', path: '/api/v1/dead-letters/groups', operation: 'group-dead-letters', summary: 'Dead letters by cause: count, first, last, an example' },
  { method: 'POST', path: '/api/v1/dead-letters/replays', operation: 'start-replay', summary: 'Send dead letters again at a capped rate, or tell what that would do' },
  { method: 'GET', path: '/api/v1/dead-letters/replays', operation: 'list-replays', summary: 'Replays, newest first' },
  { method: 'GET', path: '/api/v1/dead-letters/replays/{id}', operation: 'get-replay', summary: 'A replay and its progress' },
  { method: 'POST', path: '/api/v1/dead-letters/replays/{id}/stop', operation: 'stop-replay', summary: 'Stop a replay: what it released already is still sent' },
  { method: 'POST', path: '/api/v1/dead-letters/discards', operation: 'discard-dead-letters', summary: 'Close dead letters for good, with a reason' },
  { method: 'GET', path: '/api/v1/dead-letters/{id}', operation: 'get-dead-letter', summary: 'All that is known of one dead letter' },
  { method: 'GET', path: '/api/v1/audit', operation: 'list-audit', summary: 'Who did what when' },
];

/** Whether an operation is one of these. */
export function isLetterOperation(operation: string): operation is LetterOperation {
  return (LETTER_OPERATIONS as readonly string[]).includes(operation);
}
