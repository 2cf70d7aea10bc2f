import type { SubmissionOperation } from '../submissions/routes.ts';
import type { Described } from './operations.ts';
import { ref, type Schema } from './schemas.ts';

const withHeaders = (...names: string[]) => ({ headers: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])) });
const json = (description: string, schema: Schema, ...headers: string[]): Schema => ({ description, ...withHeaders(...headers), content: { 'application/json': { schema } } });
const problem = (description: string, ...headers: string[]): Schema => ({ description, ...withHeaders(...headers), content: { 'application/problem+json': { schema: ref('Problem') } } });
const parameters = ['Idempotency-Key', 'Prefer'].map((name): Schema => ({ $ref: `#/components/parameters/${name}` }));
const id: Schema = { type: 'integer', format: 'int64', minimum: 1, maximum: Number.MAX_SAFE_INTEGER };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const object = (properties: Record<string, Schema>): Schema => ({ type: 'object', required: Object.keys(properties), properties });
const problems = {
  '408': problem('The body came too slowly (`body-timeout`).'), '413': problem('The body is too large, or the orders are too many (`too-many-items`).'), '415': problem('The body is of another content type or encoding.'),
  '422': problem('The Idempotency-Key was used with another body.'),
};
const many = (description: string, ...headers: string[]) => json(description, ref('Submission'), 'Idempotency-Replayed', ...headers);

/** What the document says of submitting orders. */
export function describeSubmissions(operation: SubmissionOperation): Described {
  if (operation === 'submit-orders') return {
    tag: 'orders', parameters, description: 'Each order reaches the trade service once, however many ask for it. What is not known by the deadline is PENDING, goes on, and is found out without the client.',
    requestBody: { required: true, content: { 'application/json': { schema: { ...object({ orderIds: { type: 'array', minItems: 1, items: id } }), additionalProperties: { type: 'null' } } } } },
    responses: {
      '200': many('All were submitted.'), '207': many('Some were, or are not known yet.'),
      '400': { ...many('None was, each for what it is; or the body is not such a list.'), content: { 'application/json': { schema: ref('Submission') }, 'application/problem+json': { schema: ref('Problem') } } },
      '409': problem('The same Idempotency-Key is in work right now (`request-in-progress`).', 'Retry-After'), ...problems,
      '503': { ...many('None was: too much load, or a part that is needed is away. Safe to send again after Retry-After.', 'Retry-After'), content: { 'application/json': { schema: ref('Submission') }, 'application/problem+json': { schema: ref('Problem') } } },
    },
  };
  return {
    tag: 'orders', parameters: [...parameters, { name: 'id', in: 'path', required: true, schema: id }],
    responses: {
      '200': json('The flat record: SENT, with its tradeOrderId.', { type: 'object' }, 'Idempotency-Replayed'), '202': json('In submission: not known yet whether the trade service has it.', { type: 'object' }, 'Location'),
      '400': problem('The trade service refused it (`refused-by-trade-service`), or the id is not one (`invalid-id`).'), '404': problem('No such order (`not-found`).'),
      '409': problem('It cannot be submitted as it is (`already-sent`, `not-new`, `changed-meanwhile`), or the same Idempotency-Key is in work (`request-in-progress`).', 'Retry-After'), ...problems,
      '503': problem('Too much load, or a part that is needed is away. Nothing was sent. Safe to send again after Retry-After.', 'Retry-After'),
    },
  };
}

export const SUBMISSION_SCHEMAS: Record<string, Schema> = {
  Submission: {
    type: 'object', required: ['status', 'message', 'totalRequested', 'successful', 'failed', 'pending', 'results', 'submissionId'],
    properties: {
      status: { enum: ['SUCCESS', 'PARTIAL', 'FAILURE'] }, message: { type: 'string' }, totalRequested: { type: 'integer' }, successful: { type: 'integer' }, failed: { type: 'integer' }, pending: { type: 'integer' },
      results: { type: 'array', items: object({ orderId: orNull({ type: 'integer' }), status: { enum: ['SUCCESS', 'FAILURE', 'PENDING'] }, code: { type: 'string' }, message: { type: 'string' }, tradeOrderId: orNull({ type: 'integer' }), requestIndex: { type: 'integer' } }) },
      submissionId: { type: 'string', format: 'uuid' },
      metrics: { type: 'object', description: 'Orders, successes, and the longest duration of each step in ms: load, claim, call, update, wait for a turn.', additionalProperties: { type: 'number' } },
    },
  },
};
