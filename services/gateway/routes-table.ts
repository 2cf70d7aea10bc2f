import { COMMANDS } from '../../shared/batches/states.ts';
import { OPERATIONS, type OperationName } from '../../shared/operations/operations.ts';
import type { RecordKind } from '../../shared/records/record-kind.ts';
import { OWN, READ, STEER, SUBMIT, type Access } from '../../shared/access/access.ts';
import { CONSOLE_ROUTES, type ConsoleOperation } from './console/routes.ts';
import { BATCH_ROUTES, type BatchOperation } from './batches/routes.ts';
import { LOOKUP_ROUTES, type LookupOperation } from './orders/routes.ts';
import { LETTER_ROUTES, type LetterOperation } from './dead-letters/routes.ts';
import { SUBMISSION_ROUTES, type SubmissionOperation } from './submissions/routes.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a route does; the gateway has one handler for each. */
export type Operation =
  | OperationName
  | LetterOperation
  | BatchOperation
  | SubmissionOperation
  | ConsoleOperation
  | LookupOperation
  | 'post-array'
  | 'post-one'
  | 'post-batch'
  | 'list-records'
  | 'get-record'
  | 'put-record'
  | 'delete-record'
  | 'post-upload'
  | 'patch-upload'
  | 'steer-batch'
  | 'batch-status'
  | 'batch-items'
  | 'receipts'
  | 'verify'
  | 'health-live'
  | 'health-ready'
  | 'metrics'
  | 'metrics-targets'
  | 'openapi'
  | 'docs';

/** One method of one path; parts of the path in braces are parameters. */
export interface Route {
  method: Method;
  path: string;
  operation: Operation;
  access: Access;
  /** The kind that the route serves; only routes of records have one. */
  kind?: RecordKind;
  /** The name of the kind that a route without `kind` submits; `of-its-batch` where only its handler can tell, which then asks `maySubmit`. */
  submits?: string;
  /** Another path for what an earlier route does: served alike, documented in brief. */
  alias?: true;
  summary: string;
}

/** Routes that exist whatever the kinds are. */
const COMMON: readonly Route[] = [
  ...BATCH_ROUTES,
  { method: 'GET', path: '/api/v1/batches/{id}', operation: 'batch-status', access: OWN, summary: 'State and counts of a batch, and of its delivery' },
  { method: 'PATCH', path: '/api/v1/batches/{id}', operation: 'patch-upload', access: SUBMIT, submits: 'of-its-batch', summary: 'The rest of an upload that broke off, from its Upload-Offset' },
  ...COMMANDS.map((command): Route => ({ method: 'POST', path: `/api/v1/batches/{id}/${command}`, operation: 'steer-batch', access: STEER, summary: `${command[0]?.toUpperCase() ?? ''}${command.slice(1)} a large batch` })),
  { method: 'GET', path: '/api/v1/batches/{id}/items', operation: 'batch-items', access: OWN, summary: 'One receipt for each item of a batch' },
  { method: 'GET', path: '/api/v1/receipts', operation: 'receipts', access: OWN, summary: 'The whole way of an item, of a batch\'s items, of a record, or of all that came with a client reference' },
  { method: 'GET', path: '/api/v1/verify', operation: 'verify', access: READ, summary: 'Whether the law holds: every accepted item accounted for, in ledger, tables and delivery' },
  ...SUBMISSION_ROUTES,
  ...LOOKUP_ROUTES,
  ...LETTER_ROUTES,
  ...CONSOLE_ROUTES,
  ...OPERATIONS.map(({ name, method, path, access, summary }): Route => ({ method, path, operation: name, access, summary })),
  { method: 'GET', path: '/health/live', operation: 'health-live', access: 'open', summary: 'Whether this process runs' },
  { method: 'GET', path: '/health/ready', operation: 'health-ready', access: 'open', summary: 'Whether records can be taken in, and the state of each dependency and role' },
  { method: 'GET', path: '/actuator/health/liveness', operation: 'health-live', access: 'open', alias: true, summary: 'Whether this process runs' },
  { method: 'GET', path: '/actuator/health/readiness', operation: 'health-ready', access: 'open', alias: true, summary: 'Whether records can be taken in, and the state of each dependency and role' },
  { method: 'GET', path: '/metrics', operation: 'metrics', access: 'local', summary: 'Figures of this node for Prometheus' },
  { method: 'GET', path: '/metrics/targets', operation: 'metrics-targets', access: 'local', summary: 'Where every node\'s figures are, for Prometheus\' HTTP service discovery' },
  { method: 'GET', path: '/openapi.json', operation: 'openapi', access: 'open', summary: 'This document' },
  { method: 'GET', path: '/docs', operation: 'docs', access: 'open', summary: 'The interface, for people' },
  { method: 'GET', path: '/docs/{file}', operation: 'docs', access: 'open', alias: true, summary: 'A file of the page for people' },
];

/**
 * Every route that is served with these kinds. Router, 405 answers and OpenAPI document all read this table, so none of
 * them can differ from the others. Fixed paths stand before those with a parameter in the same place.
 */
export function routesOf(kinds: readonly RecordKind[]): Route[] {
  return [...kinds.flatMap(routesOfKind), ...COMMON];
}

function routesOfKind(kind: RecordKind): Route[] {
  const many = `/api/v1/${kind.rest.collection}`;
  const one = `/api/v1/${kind.rest.one}/{id}`;
  // What has to be carried out first takes its time: it is taken in large batches only, which nobody waits for.
  const answered: Route[] = kind.process !== undefined ? [] : kind.rest.bulk === 'array' ? [
    { method: 'POST', path: many, operation: 'post-array', access: SUBMIT, kind, summary: `Store ${kind.rest.collection}, with an answer for each` },
  ] : [
    { method: 'POST', path: many, operation: 'post-one', access: SUBMIT, kind, summary: `Store one ${kind.name}` },
    { method: 'POST', path: `${many}/batch`, operation: 'post-batch', access: SUBMIT, kind, summary: `Store a batch of ${kind.rest.collection}, with an answer for each` },
  ];
  const routes: Route[] = [
    ...answered,
    { method: 'POST', path: `/api/v1/batches/${kind.rest.collection}`, operation: 'post-upload', access: SUBMIT, kind, summary: `${kind.process === undefined ? 'Store' : 'Carry out'} a large batch of ${kind.rest.collection}, streamed` },
    { method: 'GET', path: many, operation: 'list-records', access: READ, kind, summary: `List ${kind.rest.collection}` },
    { method: 'GET', path: one, operation: 'get-record', access: READ, kind, summary: `One ${kind.name}` },
  ];
  if (kind.change !== undefined) routes.push({ method: 'PUT', path: one, operation: 'put-record', access: SUBMIT, kind, summary: `Change one ${kind.name} under its version` });
  if (kind.removal !== undefined) routes.push({ method: 'DELETE', path: one, operation: 'delete-record', access: SUBMIT, kind, summary: `Delete one ${kind.name} under its version` });
  if (kind.rest.collection === kind.rest.one) return routes;
  return [...routes, ...routes.filter((r) => r.path === one).map((r): Route => ({ ...r, path: `${many}/{id}`, alias: true }))];
}
