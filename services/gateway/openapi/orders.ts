import type { LookupOperation } from '../orders/routes.ts';
import type { Described } from './operations.ts';
import { ref, type Schema } from './schemas.ts';

const count: Schema = { type: 'integer', minimum: 0 };
const text: Schema = { type: 'string' };

/** The answer to an array of records. @param name of their schema */
export function ordersCreated(name: string): Schema {
  return {
    type: 'object',
    required: ['status', 'message', 'totalReceived', 'successful', 'failed', 'orders', 'batchId'],
    properties: {
      status: { enum: ['SUCCESS', 'PARTIAL', 'FAILURE'] }, message: text, totalReceived: count, successful: count, failed: count, batchId: { type: 'string', format: 'uuid' },
      orders: {
        type: 'array',
        items: {
          type: 'object',
          required: ['status', 'message', 'requestIndex'],
          properties: {
            status: { enum: ['SUCCESS', 'FAILURE'] }, message: text, requestIndex: count, orderId: { type: 'integer', format: 'int64', minimum: 1, description: 'Of stored ones only.' },
            order: { anyOf: [ref(name), { type: 'null' }] }, code: text, errors: { type: 'array', items: ref('Fault') },
          },
        },
      },
    },
  };
}

/** What the document says of a lookup table. */
export function describeLookup(operation: LookupOperation): Described {
  const named = operation === 'list-blotters' ? { name: text } : { abbreviation: text, description: text };
  const problem = (description: string): Schema => ({ description, content: { 'application/problem+json': { schema: ref('Problem') } } });
  return {
    tag: 'orders',
    responses: {
      200: { description: 'All of them, by id.', headers: { 'Sluice-Ignored': { $ref: '#/components/headers/Sluice-Ignored' } }, content: { 'application/json': { schema: { type: 'array', items: { type: 'object', required: ['id', ...Object.keys(named), 'version'], properties: { id: count, ...named, version: count } } } } } },
      400: problem('A parameter is not known (`invalid-query`).'),
      503: { ...problem('The database does not answer. Safe to send again after Retry-After.'), headers: { 'Retry-After': { $ref: '#/components/headers/Retry-After' } } },
    },
  };
}
