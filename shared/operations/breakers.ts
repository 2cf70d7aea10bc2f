import { OPERATE, READ } from '../access/access.ts';
import type { Argument, Operation } from './operation.ts';

const BREAKER: Argument & { required: true } = { name: 'breaker', type: 'text', place: 'path', required: true, meaning: 'Its name, as listed: kafka, trade-service, admission, or another cluster of sinks.' };
const WHY: Argument = { name: 'why', type: 'text', place: 'body', meaning: 'Why; kept in the audit.' };

/** Breakers: each node has its own, and an operation concerns all of a name. */
export const BREAKERS_OPERATIONS = [
  { name: 'breakers.list', method: 'GET', path: '/api/v1/breakers', access: READ, main: true, summary: 'Every breaker, of every node', arguments: [] },
  { name: 'breakers.trip', method: 'POST', path: '/api/v1/breakers/{breaker}/trip', access: OPERATE, changes: true, summary: 'Open a breaker on every node that has it, until it is reset',
    details: 'kafka: nothing is delivered, what is due waits. trade-service: no order is submitted. admission: no writing request is let in. A node that is started afterwards begins with a closed one.', arguments: [BREAKER, WHY] },
  { name: 'breakers.reset', method: 'POST', path: '/api/v1/breakers/{breaker}/reset', access: OPERATE, changes: true, summary: 'Close a breaker on every node that has it, whoever opened it', details: 'What it stands before is tried at once; if it still fails, the breaker opens again.', arguments: [BREAKER, WHY] },
] as const satisfies readonly Operation[];
