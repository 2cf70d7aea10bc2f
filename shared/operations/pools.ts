import { READ } from '../access/access.ts';
import type { Operation } from './operation.ts';

/** Pools of connections to PostgreSQL. */
export const POOLS_OPERATIONS = [
  { name: 'pools.show', method: 'GET', path: '/api/v1/pools', access: READ, main: true, summary: 'Every node\'s pool of connections to PostgreSQL, and PostgreSQL\'s own view of them', details: 'As a relay sampled them last (POOL_SAMPLE_INTERVAL); it keeps the last hour in memory.', arguments: [
    { name: 'history', type: 'duration', place: 'query', max: 3_600_000, meaning: 'With their course so far back, such as 15m or 1h.' },
  ] },
] as const satisfies readonly Operation[];
