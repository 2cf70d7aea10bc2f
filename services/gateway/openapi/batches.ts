import { BATCH_STATES } from '../../../shared/batches/states.ts';
import { LANE_NAMES } from '../../../shared/contracts/large.ts';
import { DEFAULT_LIMIT, MOST_LIMIT } from '../batches/list-batches.ts';
import { isBatchOperation, type BatchOperation } from '../batches/routes.ts';
import { ERROR_CATEGORIES } from '../batches/large-status.ts';
import { ITEM_FORMATS, ITEM_STATUSES } from '../list/batch-items.ts';
import type { Described, Surroundings } from './operations.ts';
import { INSTANT, listed, LISTED_TEXT, ref, type Schema } from './schemas.ts';

/** Operations on batches that are described here. */
export type DescribedBatch = BatchOperation | 'batch-status' | 'batch-items';

export function isDescribedBatch(operation: string): operation is DescribedBatch {
  return isBatchOperation(operation) || operation === 'batch-status' || operation === 'batch-items';
}

const headers = (...names: string[]) => ({ headers: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])) });
const json = (description: string, schema: Schema, ...names: string[]): Schema => ({ description, ...headers(...names), content: { 'application/json': { schema } } });
const problem = (description: string, ...names: string[]): Schema => ({ description, ...headers(...names), content: { 'application/problem+json': { schema: ref('Problem') } } });
const unavailable = problem('The database does not answer, or there is too much load. Safe to send again after Retry-After.', 'Retry-After');
const badQuery = problem('A parameter is not known or not valid (`invalid-query`), or the id is not one (`invalid-id`).');
const noBatch = problem('No such batch (`not-found`).');
const reading = { '400': badQuery, '503': unavailable };

const count: Schema = { type: 'integer', minimum: 0 };
const amount: Schema = { type: 'number', minimum: 0 };
const uuid: Schema = { type: 'string', format: 'uuid' };
const time: Schema = { type: 'string', format: 'date-time' };
const text: Schema = { type: 'string' };
const share: Schema = { type: 'number', minimum: 0, maximum: 1 };
const positive: Schema = { type: 'integer', minimum: 1 };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const list = (items: Schema): Schema => ({ type: 'array', items });
const object = (properties: Record<string, Schema>, optional: readonly string[] = []): Schema => ({ type: 'object', required: Object.keys(properties).filter((name) => !optional.includes(name)), properties });
const eventId: Schema = { type: 'string', pattern: '^[0-9]{1,9}-[0-9]{1,9}$' };
const id: Schema = { name: 'id', in: 'path', required: true, schema: uuid };
const query = (name: string, schema: Schema, description?: string): Schema => ({ name, in: 'query', ...(description === undefined ? {} : { description }), schema });
const several = (name: string, items: Schema, description: string): Schema => ({ name, in: 'query', description, style: 'form', explode: false, schema: listed(items) });

/** One event of the stream, as its fields. */
const streamed: Schema = {
  type: 'object', required: ['event', 'data'],
  properties: {
    event: { enum: ['state', 'checkpoint', 'progress'] }, id: eventId, retry: count,
    data: { type: 'string', contentMediaType: 'application/json', contentSchema: { anyOf: [ref('BatchStateEvent'), ref('BatchCheckpointEvent'), ref('BatchProgressEvent')] } },
  },
};

/** What the document says of seeing and steering batches. */
export function describeBatches(operation: DescribedBatch, { kinds, path, maxParallelism }: Surroundings): Described {
  const tag = 'batches';
  switch (operation) {
    case 'list-batches':
      return {
        tag,
        parameters: [
          several('state', { enum: [...BATCH_STATES] }, 'One, or several with commas between.'), several('kind', { enum: [...kinds] }, 'One, or several with commas between.'), several('tag', LISTED_TEXT, 'With one of these tags.'),
          query('since', INSTANT, 'Opened then or later.'), query('key', { type: 'string', minLength: 1, maxLength: 255, pattern: '^[ -~]+$' }, 'Opened under this Idempotency-Key.'),
          query('cursor', uuid, '`next` of the page before.'), query('limit', { type: 'integer', minimum: 1, maximum: MOST_LIMIT, default: DEFAULT_LIMIT }),
        ],
        responses: { '200': json('One page, newest first.', object({ content: list(ref('LargeBatch')), next: { ...orNull(uuid), description: 'The cursor of the next page; null at the end.' } }), 'Sluice-Ignored'), ...reading },
      };
    case 'batch-status':
      return {
        tag, parameters: [id],
        responses: { '200': json('Counts of one moment; of a large batch all that there is to see. The headers Upload-… stand with large batches.', { anyOf: [ref('LargeBatchStatus'), ref('BatchStatus')] }, 'Upload-Offset', 'Upload-Complete', 'Sluice-Ignored'), '404': noBatch, ...reading },
      };
    case 'batch-items':
      return {
        tag, description: 'Streamed, in the order of the request. Without `format` the Accept header decides; NDJSON where neither says. A CSV has a row for each error, so that the rows of an item with several follow each other.',
        parameters: [id, query('status', { enum: [...ITEM_STATUSES] }, 'Receipts of this status only.'), query('format', { enum: [...ITEM_FORMATS] })],
        responses: { '200': { description: 'A receipt a line.', ...headers('Sluice-Ignored'), content: { 'application/x-ndjson': { schema: ref('Receipt') }, 'text/csv': { schema: { type: 'string' } } } }, '404': noBatch, ...reading },
      };
    case 'batch-events':
      return {
        tag,
        description: 'Events `state` (the state, priority or parallelism was changed), `checkpoint` and `progress`. An id says how far a client has heard and means the same on every edge; who comes back with Last-Event-ID is told what is new since then. Older checkpoints and states that passed meanwhile are left out. The stream ends with the batch, and with its edge.',
        parameters: [id, { name: 'Last-Event-ID', in: 'header', description: 'Empty is as none.', schema: { ...eventId, pattern: '^([0-9]{1,9}-[0-9]{1,9})?$' } }, query('lastEventId', eventId, 'The same, where no header can be set.')],
        responses: {
          '200': { description: 'data is a BatchStateEvent, BatchCheckpointEvent or BatchProgressEvent.', ...headers('Sluice-Ignored'), content: { 'text/event-stream': { schema: streamed } } },
          '204': { description: 'The batch has ended, and the client has heard all of it.' },
          '400': problem('The id of the batch or of the event is not one (`invalid-id`, `invalid-event-id`).'), '404': problem('No such large batch (`not-found`).'), '503': problem('This edge has all the listeners it takes, or stops (`too-many-listeners`).', 'Retry-After'),
        },
      };
    case 'tune-batch':
      return {
        tag, description: 'The path names the one member that the body has. What is under way is not touched.', parameters: [id],
        requestBody: { required: true, content: { 'application/json': { schema: { ...object(path.endsWith('/priority') ? { priority: { enum: [...LANE_NAMES] } } : { parallelism: { ...positive, maximum: maxParallelism } }), additionalProperties: false } } } },
        responses: {
          '200': json('The batch then.', object({ batchId: uuid, state: { enum: [...BATCH_STATES] }, priority: { enum: [...LANE_NAMES] }, parallelism: positive })), '400': problem('The body was refused (`invalid-body`), or the id is not one (`invalid-id`).'), '404': noBatch,
          '408': problem('The body came too slowly (`body-timeout`).'), '409': problem('The batch has ended (`not-now`).'), '413': problem('The body is too large (`body-too-large`).'), '415': problem('The body is of another content type or encoding.'), '503': unavailable,
        },
      };
    case 'retry-batch':
      return {
        tag, parameters: [id, { $ref: '#/components/parameters/Idempotency-Key' }],
        requestBody: { required: false, content: { 'application/json': { schema: { ...object({ dryRun: { type: 'boolean', default: false } }, ['dryRun']), additionalProperties: false } } } },
        responses: {
          '200': json('What would be carried out again (dryRun).', object({ dryRun: { const: true }, parent: uuid, items: positive })),
          '202': json('The new batch, linked to the old one.', object({ batchId: uuid, parent: uuid, items: positive }), 'Location'), '400': problem('A parameter or the body was refused (`invalid-query`, `invalid-body`), or the id is not one (`invalid-id`).'), '404': noBatch, '408': problem('The body came too slowly (`body-timeout`).'),
          '409': problem('The batch has not ended (`not-now`, with what is allowed), nothing of it failed (`nothing-failed`), or items of its kind are not kept once they failed (`items-not-kept`, with where to read what to mend).', 'Link'),
          '413': problem('The body is too large (`body-too-large`).'), '415': problem('The body is of another content type or encoding.'), '422': problem('The Idempotency-Key was used for something else.'), '503': unavailable,
        },
      };
  }
}

const head: Record<string, Schema> = { batchId: uuid, kind: text, state: { enum: [...BATCH_STATES] }, priority: { enum: [...LANE_NAMES] }, parallelism: positive, tags: list(text), parent: { ...orNull(uuid), description: 'The batch whose failed items this one has.' } };
const progress = object({
  items: { ...count, description: 'Done without a gap from the start.' }, bytes: { ...count, description: 'Of the upload, up to there.' },
  total: { ...orNull(count), description: 'Items; null until the upload is complete.' }, share: { ...orNull(share), description: 'Of the items, or of the bytes that Content-Length or Upload-Length told; null where neither is known.' },
});
const outlook: Record<string, Schema> = {
  progress, rate: { ...orNull(amount), description: 'Items a second over the last minute; of an ended batch over all of it.' },
  predictedFinish: { ...orNull(time), description: 'null where the whole is not known, or nothing moves.' },
  predictedFinishBounds: { ...orNull(object({ earliest: time, latest: orNull(time) })), description: 'Where the finish lies, by how much the rate varied; latest is null where it varied too much to say.' },
};

const errors: Schema = { ...object(Object.fromEntries(ERROR_CATEGORIES.map((name) => [name, count]))), description: 'Items that failed, by category.' };

/** Schemas of large batches. */
export const LARGE_SCHEMAS: Record<string, Schema> = {
  LargeBatch: object({ ...head, createdAt: time, finishedAt: orNull(time), deadlineAt: time, progress, written: count, rejected: count, errorCode: orNull(text) }),
  LargeBatchStatus: {
    description: 'A large batch: the counts of every batch, and these.',
    allOf: [{ ...object({ accepted: count, written: count, rejected: count, withdrawn: count, pending: count }) }],
    ...object({
      ...head,
      options: object({ priority: text, parallelism: positive, checkpointInterval: positive, enableCheckpointing: { type: 'boolean' }, errorPolicy: text, maxRetryAttempts: count, deadlineAt: time }),
      format: orNull(text), createdAt: time, startedAt: orNull(time), finishedAt: orNull(time), ...outlook,
      executionResults: object({ batchCompleted: { type: 'boolean' }, itemsProcessed: count, itemsSuccessful: count, itemsFailed: count, successRate: orNull(share) }),
      processingTimestamp: { ...time, description: 'When something of it was done last.' },
      executionMetadata: object({
        executionDuration: { ...count, description: 'ms' }, averageItemTime: { ...orNull(amount), description: 'ms of the duration for each item.' },
        parallelismAchieved: { ...orNull(amount), description: 'Parts under way at the same time, on average; known once the upload has ended or broken off.' }, checkpointsCreated: count,
      }),
      errors,
      status: { const: 'ERROR', description: 'Of a failed batch, as the three that follow.' }, errorCode: text, errorMessage: text,
      details: object({ systemErrors: count, resourceErrors: count, dataErrors: count, timeoutErrors: count }),
    }, ['status', 'errorCode', 'errorMessage', 'details']),
  },
  BatchStateEvent: object({ ...head, errorCode: orNull(text), errorMessage: orNull(text) }),
  BatchCheckpointEvent: object({ batchId: uuid, no: positive, at: time, items: count, bytes: count, written: count, rejected: count }),
  BatchProgressEvent: { ...object({ batchId: uuid, state: { enum: [...BATCH_STATES] }, ...outlook, written: count, rejected: count, errors }), description: 'Counts are those of the newest checkpoint.' },
};
