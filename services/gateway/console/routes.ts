import { READ } from '../../../shared/access/access.ts';
import type { Route } from '../routes-table.ts';

/** What the console needs beside the interface that all have: its page, who is logged in, and the state of the whole each second. */
export const CONSOLE_OPERATIONS = ['live', 'console-page', 'console-vendor', 'console-session', 'console-login', 'console-logout'] as const;
export type ConsoleOperation = (typeof CONSOLE_OPERATIONS)[number];

export const CONSOLE_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/v1/live', operation: 'live', access: READ, summary: 'The state of the whole each second, as server-sent events' },
  { method: 'GET', path: '/console', operation: 'console-page', access: 'open', summary: 'The console, a page for the people who run Sluice' },
  { method: 'GET', path: '/console/session', operation: 'console-session', access: 'open', summary: 'Who is logged in at the console' },
  { method: 'POST', path: '/console/session', operation: 'console-login', access: 'open', summary: 'Log in at the console with a key' },
  { method: 'DELETE', path: '/console/session', operation: 'console-logout', access: 'open', summary: 'Log out of the console' },
  { method: 'GET', path: '/console/{file}', operation: 'console-page', access: 'open', alias: true, summary: 'A file of the console' },
  { method: 'GET', path: '/console/vendor/{package}/{version}/{file}', operation: 'console-vendor', access: 'open', summary: 'A file of a library that the console uses' },
];

/** Whether an operation is one of these. */
export function isConsoleOperation(operation: string): operation is ConsoleOperation {
  return (CONSOLE_OPERATIONS as readonly string[]).includes(operation);
}
