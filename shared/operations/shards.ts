import { OPERATE, READ } from '../access/access.ts';
import type { Operation } from './operation.ts';

/** What relays share out among them: the shards of each sink's ledger rows. */
export const SHARDS_OPERATIONS = [
  { name: 'shards.list', method: 'GET', path: '/api/v1/shards', access: READ, main: true, summary: 'Who owns which shard of which sink, and what waits in it', arguments: [
    { name: 'sink', type: 'text', place: 'query', meaning: 'Of this sink alone, such as kafka:orders.' },
    { name: 'waiting', type: 'switch', place: 'query', meaning: 'Only those in which something waits, or that nobody owns.' },
  ] },
  { name: 'shards.handover', method: 'POST', path: '/api/v1/shards/{sink}/{shard}/handover', access: OPERATE, changes: true, summary: 'Have another relay own a shard',
    details: 'What is in flight is finished first. The new owner gives another shard back for it; relays never own more than their part for long.', arguments: [
      { name: 'sink', type: 'text', place: 'path', required: true, meaning: 'The sink, as listed.' },
      { name: 'shard', type: 'whole', place: 'path', required: true, max: 32_767, meaning: 'The shard.' },
      { name: 'to', type: 'text', place: 'body', meaning: 'The relay that is to own it; without it the one that owns fewest.' },
    ] },
] as const satisfies readonly Operation[];
