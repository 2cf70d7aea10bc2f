import { READ } from '../access/access.ts';
import type { Operation } from './operation.ts';

/** Who sends. */
export const CLIENTS_OPERATIONS = [
  { name: 'clients.list', method: 'GET', path: '/api/v1/clients', access: READ, main: true, summary: 'Who sent how much lately, and what each may', details: 'What was taken in, over all edges. How a key is limited: sluice key limit.', arguments: [
    { name: 'since', type: 'duration', place: 'query', max: 86_400_000, meaning: 'How far back (default: 1m).' },
    { name: 'limit', type: 'whole', place: 'query', min: 1, max: 500, meaning: 'At most so many clients (default: 50).' },
  ] },
] as const satisfies readonly Operation[];
