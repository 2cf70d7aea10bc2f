import { READ } from '../access/access.ts';
import type { Operation } from './operation.ts';

/** What is written and not yet delivered. */
export const BACKLOG_OPERATIONS = [
  { name: 'backlog.show', method: 'GET', path: '/api/v1/backlog', access: READ, main: true, summary: 'What waits for delivery, by sink: how much comes and goes a second, and when it will be gone',
    details: 'Measured while you wait, for three seconds or as said.', arguments: [{ name: 'over', type: 'duration', place: 'query', max: 10_000, meaning: 'How long to measure, from 1s to 10s (default: 3s).' }] },
] as const satisfies readonly Operation[];
