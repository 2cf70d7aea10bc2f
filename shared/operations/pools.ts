import { OPERATE, READ } from '../access/access.ts';
import type { Operation } from './operation.ts';

/** Connections to PostgreSQL: the nodes' pools, and what all of them do. */
export const POOLS_OPERATIONS = [
  { name: 'pools.show', method: 'GET', path: '/api/v1/pools', access: READ, main: true, summary: 'Every node\'s pool of connections to PostgreSQL, and PostgreSQL\'s own view of them', details: 'As a relay sampled them last (POOL_SAMPLE_INTERVAL); it keeps the last hour in memory.', arguments: [
    { name: 'history', type: 'duration', place: 'query', max: 3_600_000, meaning: 'With their course so far back, such as 15m or 1h.' },
  ] },
  { name: 'pools.activity', method: 'GET', path: '/api/v1/pools/activity', access: READ, summary: 'What PostgreSQL does now: connections at work, what they wait for, and who holds others up', details: 'Those that others wait for come first. Of a statement the first word alone is told, for the rest can hold values.', arguments: [
    { name: 'limit', type: 'whole', place: 'query', min: 1, max: 500, meaning: 'At most so many (default: 50).' },
  ] },
  { name: 'pools.disconnect', method: 'POST', path: '/api/v1/pools/connections/{pid}/disconnect', access: OPERATE, changes: true, summary: 'End a connection to PostgreSQL that holds others up; what its transaction did is undone',
    details: 'A connection of a node of Sluice is ended with force alone: the node opens another, and does again what was undone.', arguments: [
      { name: 'pid', type: 'whole', place: 'path', required: true, min: 1, max: 2_147_483_647, meaning: 'The process id of the connection, as in pools activity.' },
      { name: 'force', type: 'switch', place: 'body', meaning: 'Also where it is a connection of a node of Sluice.' },
      { name: 'why', type: 'text', place: 'body', meaning: 'Why; kept in the audit.' },
    ] },
] as const satisfies readonly Operation[];
