import { OPERATE, READ } from '../access/access.ts';
import type { Argument, Operation } from './operation.ts';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const NODE: Argument & { required: true } = { name: 'node', type: 'text', place: 'path', required: true, meaning: 'The node, as listed.' };

/** Nodes of the fleet. */
export const NODES_OPERATIONS = [
  { name: 'nodes.list', method: 'GET', path: '/api/v1/nodes', access: READ, summary: 'Every node: what runs there, since when, how it does', arguments: [] },
  { name: 'nodes.log-level', method: 'PUT', path: '/api/v1/nodes/{node}/log-level', access: OPERATE, changes: true, summary: 'Change what one node logs, until it stops', details: 'For all nodes, and to last, there is the setting logLevel.', arguments: [
    NODE,
    { name: 'level', type: 'text', place: 'body', required: true, choices: LOG_LEVELS, meaning: `${LOG_LEVELS.join(', ')}.` },
  ] },
  { name: 'nodes.drain', method: 'POST', path: '/api/v1/nodes/{node}/drain', access: OPERATE, changes: true, summary: 'Give a node no new work; what it has is finished', details: 'A writer is given no more chunks, a relay hands its shards over, an edge says that it is not ready, so that a balancer leaves it. Holds until it is lifted, or the node is started again.', arguments: [
    NODE,
    { name: 'force', type: 'switch', place: 'body', meaning: 'Also where it is the last of its kind that takes work.' },
  ] },
  { name: 'nodes.undrain', method: 'POST', path: '/api/v1/nodes/{node}/undrain', access: OPERATE, changes: true, summary: 'Give a drained node work again', arguments: [NODE] },
] as const satisfies readonly Operation[];
