import { OPERATE, READ } from '../access/access.ts';
import { QUEUES } from '../contracts/queues.ts';
import type { Argument, Operation } from './operation.ts';

const QUEUE: Argument & { required: true } = { name: 'queue', type: 'text', place: 'path', required: true, choices: QUEUES, meaning: `${QUEUES.join(', ')}: requests that clients wait for, or a lane of large batches.` };
const WHY: Argument = { name: 'why', type: 'text', place: 'body', meaning: 'Why; kept in the history of the setting pausedQueues.' };

/** What waits for a writer: requests, and the lanes of large batches. */
export const QUEUES_OPERATIONS = [
  { name: 'queues.show', method: 'GET', path: '/api/v1/queues', access: READ, main: true, summary: 'What is in work and waits: requests, and the lanes of large batches', arguments: [] },
  { name: 'queues.pause', method: 'POST', path: '/api/v1/queues/{queue}/pause', access: OPERATE, changes: true, summary: 'Let nothing new into a queue, on every node, until it is resumed',
    details: 'New requests or uploads are refused with 503 queue-paused and Retry-After, staged chunks stay where they are; what is in work is finished. It is kept in the setting pausedQueues, and outlasts every restart.', arguments: [QUEUE, WHY] },
  { name: 'queues.resume', method: 'POST', path: '/api/v1/queues/{queue}/resume', access: OPERATE, changes: true, summary: 'Let new work into a queue again', arguments: [QUEUE, WHY] },
] as const satisfies readonly Operation[];
