import { OPERATE, READ } from '../access/access.ts';
import type { Operation } from './operation.ts';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Nodes of the fleet. */
export const NODES_OPERATIONS = [
  { name: 'nodes.list', method: 'GET', path: '/api/v1/nodes', access: READ, summary: 'Every node: what runs there, since when, how it does', arguments: [] },
  { name: 'nodes.log-level', method: 'PUT', path: '/api/v1/nodes/{node}/log-level', access: OPERATE, changes: true, summary: 'Change what one node logs, until it stops', details: 'For all nodes, and to last, there is the setting logLevel.', arguments: [
    { name: 'node', type: 'text', place: 'path', required: true, meaning: 'The node, as listed.' },
    { name: 'level', type: 'text', place: 'body', required: true, choices: LOG_LEVELS, meaning: `${LOG_LEVELS.join(', ')}.` },
  ] },
] as const satisfies readonly Operation[];
