import type { RecordKind } from '../../../shared/records/record-kind.ts';
import { isOperation, type OperationName } from '../../../shared/operations/operations.ts';
import { OPTION_NAMES, optionHeader } from '../upload/options.ts';
import { optionSchemas } from './upload-options.ts';
import { DEEPEST, DEFAULT_LIMIT, MOST_LIMIT } from '../list/parse-list-query.ts';
import { isLetterOperation, type LetterOperation } from '../dead-letters/routes.ts';
import { CURSOR, DEFAULT_LIMIT as RECEIPTS_A_PAGE, MOST_LIMIT as MOST_RECEIPTS } from '../receipts/parse-query.ts';
import type { Operation } from '../routes-table.ts';
import { LONGEST_REFERENCE } from '../write/client-reference.ts';
import { describeBatches, isDescribedBatch, type DescribedBatch } from './batches.ts';
import { describeLetters } from './dead-letters.ts';
import { describeConsole } from './console.ts';
import { isConsoleOperation, type ConsoleOperation } from '../console/routes.ts';
import { describeLookup, ordersCreated } from './orders.ts';
import { isLookupOperation, type LookupOperation } from '../orders/routes.ts';
import { describeOperation } from './operate.ts';
import { isSubmissionOperation, type SubmissionOperation } from '../submissions/routes.ts';
import { INSTANT, listed, LISTED_TEXT, ref, schemaName, type Schema } from './schemas.ts';
import { describeSubmissions } from './submissions.ts';

/** What the document says of an operation beside path and summary. */
export interface Described {
  tag: string;
  description?: string;
  parameters?: Schema[];
  requestBody?: Schema;
  /** By status; those with a name of a problem only are problem documents. */
  responses: Record<string, Schema>;
}

/** What a description may name of what it stands among. */
export interface Surroundings extends Limits {
  /** Names of all kinds. */
  kinds: readonly string[];
  /** The route's. */
  path: string;
}

/** The limits that descriptions name. */
export interface Limits {
  maxBatchItems: number;
  maxBodyBytes: number;
  maxOrders: number;
  maxParallelism: number;
}

const parameter = (name: string) => ({ $ref: `#/components/parameters/${name}` });
const header = (...names: string[]) => ({ headers: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])) });
const json = (description: string, schema: Schema, ...headers: string[]): Schema => ({ description, ...(headers.length === 0 ? {} : header(...headers)), content: { 'application/json': { schema } } });
const text = (description: string, type: string): Schema => ({ description, content: { [type]: { schema: { type: 'string' } } } });
const problem = (description: string, ...headers: string[]): Schema => ({ description, ...(headers.length === 0 ? {} : header(...headers)), content: { 'application/problem+json': { schema: ref('Problem') } } });

const unavailable = problem('The database or the writers do not answer, or there is too much load; nothing was done that the answer does not name. Safe to send again after Retry-After.', 'Retry-After');
const badQuery = problem('A parameter is not known or not valid (`invalid-query`), or the id is not one (`invalid-id`).');
const writing = {
  '408': problem('The body came too slowly (`body-timeout`).'),
  '409': problem('The same Idempotency-Key is in work right now (`request-in-progress`).', 'Retry-After'),
  '413': problem('The body, or the number of its items, is too large; names the way to go.'),
  '415': problem('The body is of another content type or encoding.'),
  '422': problem('The Idempotency-Key was used with another body.'),
  '503': unavailable,
};
const pending = json('Asked for with Prefer: respond-async, or the outcome is not known yet: ask at Location.', ref('Pending'), 'Location');
const writeParameters = [parameter('Idempotency-Key'), parameter('Prefer'), parameter('Client-Reference')];
const idParameter = { name: 'id', in: 'path', required: true, description: 'A whole number from 1 to 2^53 - 1; anything else is 400 `invalid-id`.', schema: { type: 'integer', format: 'int64', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } };
const batchParameter = { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } };

const offsetParameter = { name: 'Upload-Offset', in: 'header', description: 'Bytes of the (decoded) upload that came before.', schema: { type: 'integer', format: 'int64', minimum: 0 } };
const idle = problem('Nothing came for too long (`upload-idle`). What came before stands.', 'Upload-Offset');
/** An array of items, or an object that has it as `items`; items that are none are rejects of the batch. */
const uploadJson: Schema = { anyOf: [{ type: 'array' }, { type: 'object', required: ['items'], properties: { items: { type: 'array' } } }] };
const uploadContent = Object.fromEntries(['application/x-ndjson', 'application/json', 'text/csv'].map((type) => [type, { schema: type === 'application/json' ? uploadJson : { type: 'string', minLength: 1 } }]));
const uploaded = json('Every item is in the ledger, or staged.', ref('Uploaded'), 'Location', 'Sluice-Batch-Id', 'Idempotency-Replayed');
const optionParameters = (maxParallelism: number) => OPTION_NAMES.map((name) => ({ name, in: 'query', description: `Also as the header ${optionHeader(name)}.`, schema: optionSchemas(maxParallelism)[name] }));

/** What the document says of an operation; `kind` is that of the route. */
export function describe(operation: Operation, kind: RecordKind | undefined, around: Surroundings): Described {
  if (isOperation(operation)) return describeOperation(operation);
  if (isLookupOperation(operation)) return describeLookup(operation);
  if (isLetterOperation(operation)) return describeLetters(operation);
  if (isSubmissionOperation(operation)) return describeSubmissions(operation);
  if (isConsoleOperation(operation)) return describeConsole(operation);
  if (isDescribedBatch(operation)) return describeBatches(operation, around);
  if (kind !== undefined) return describeRecords(operation, kind, around);
  switch (operation) {
    case 'patch-upload':
      return {
        tag: 'batches', parameters: [batchParameter, { ...offsetParameter, required: true }], requestBody: { required: true, content: uploadContent },
        responses: { '202': uploaded, '400': problem('The upload cannot be read; says at which byte. What came before stands.', 'Upload-Offset'), '404': problem('No such batch (`not-found`).'), '408': idle, '409': problem('Another offset is right (`wrong-offset`), the form is another one (`wrong-format`), or nothing can be added (`upload-over`, `upload-in-progress`).', 'Upload-Offset'), '415': writing['415'], '503': unavailable },
      };
    case 'steer-batch':
      return { tag: 'batches', parameters: [batchParameter], responses: { '200': json('The state then.', ref('BatchMoved')), '400': badQuery, '404': problem('No such batch (`not-found`).'), '409': problem('Not in this state (`not-now`); says what is allowed.'), '503': unavailable } };
    case 'receipts':
      return {
        tag: 'operations',
        description: 'Exactly one of batchId, recordId, clientReference. With `Accept: application/x-ndjson` all of them, a receipt a line; else a page.',
        parameters: [
          { name: 'batchId', in: 'query', schema: { type: 'string', format: 'uuid' } },
          { name: 'index', in: 'query', description: 'With batchId: this item alone.', schema: { type: 'integer', minimum: 0, maximum: 2_147_483_647 } },
          { name: 'recordId', in: 'query', schema: { type: 'integer', format: 'int64', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } },
          { name: 'kind', in: 'query', description: 'With recordId: the kind of the record.', schema: { enum: [...around.kinds], default: 'execution' } },
          { name: 'clientReference', in: 'query', schema: { type: 'string', minLength: 1, maxLength: LONGEST_REFERENCE } },
          { name: 'limit', in: 'query', description: 'Of a list.', schema: { type: 'integer', minimum: 1, maximum: MOST_RECEIPTS, default: RECEIPTS_A_PAGE } },
          { name: 'cursor', in: 'query', description: '`next` of the page before.', schema: { type: 'string', pattern: CURSOR.source } },
        ],
        responses: {
          '200': {
            description: 'In the order of the requests; `next` is the cursor of the next page, null at the end.', ...header('Sluice-Ignored'),
            content: { 'application/json': { schema: { type: 'object', required: ['content', 'next'], properties: { content: { type: 'array', items: ref('Receipt') }, next: { type: ['string', 'null'] } } } }, 'application/x-ndjson': { schema: ref('Receipt') } },
          },
          '400': badQuery, '404': problem('No such batch, item, record or reference (`not-found`).'), '503': unavailable,
        },
      };
    case 'verify':
      return {
        tag: 'operations',
        description: 'Everything of one snapshot, from sources that know nothing of each other: batches, ledger, tables. Costs a few scans of the ledger and one of each table, so ask rarely; one check at a time.',
        parameters: [
          { name: 'batch', in: 'query', description: 'This batch only.', schema: { type: 'string', format: 'uuid' } },
          { name: 'since', in: 'query', description: 'Batches taken in since then only.', schema: INSTANT },
        ],
        responses: { '200': json('What was counted, and every breach; `holds` tells whether there is none.', ref('VerifyReport'), 'Sluice-Ignored'), '400': badQuery, '503': unavailable },
      };
    case 'health-live':
      return { tag: 'operations', responses: { '200': json('The process runs.', { type: 'object' }) } };
    case 'health-ready':
      return { tag: 'operations', responses: { '200': json('Records can be taken in.', { type: 'object' }), '503': json('They cannot; says why.', { type: 'object' }) } };
    case 'metrics':
      return { tag: 'operations', responses: { '200': text('Prometheus text format.', 'text/plain') } };
    case 'metrics-targets':
      return { tag: 'operations', responses: { '200': json('A group for each node: the address of its `/metrics`, and labels.', { type: 'array', items: { type: 'object', required: ['targets', 'labels'], properties: { targets: { type: 'array', items: { type: 'string' } }, labels: { type: 'object', additionalProperties: { type: 'string' } } } } }) } };
    case 'openapi':
      return { tag: 'operations', responses: { '200': json('OpenAPI 3.1.', { type: 'object' }) } };
    case 'docs':
      return { tag: 'operations', parameters: [], responses: { '200': text('A page for people, and its files.', 'text/html'), '404': problem('No such file (`not-found`).') } };
    case 'post-array':
    case 'post-one':
    case 'post-batch':
    case 'post-upload':
    case 'list-records':
    case 'get-record':
    case 'put-record':
    case 'delete-record':
      throw new Error(`the operation ${operation} needs a kind`);
  }
}

function describeRecords(operation: Exclude<Operation, OperationName | LookupOperation | LetterOperation | DescribedBatch | SubmissionOperation | ConsoleOperation>, kind: RecordKind, limits: Surroundings): Described {
  const name = schemaName(kind);
  const tag = kind.rest.collection;
  const body = (schema: Schema, ...more: string[]) => ({ required: true, content: { 'application/json': { schema }, ...Object.fromEntries(more.map((type) => [type, { schema: ref(`${name}Input`) }])) } });
  switch (operation) {
    case 'post-array':
      return {
        tag,
        parameters: writeParameters,
        requestBody: body({ type: 'array', minItems: 1, maxItems: limits.maxOrders, items: ref(`${name}Input`) }),
        responses: {
          '200': json('Every item is stored.', ordersCreated(name), 'Sluice-Batch-Id', 'Idempotency-Replayed'), '202': pending, '207': json('Some items are stored, or none.', ordersCreated(name), 'Sluice-Batch-Id', 'Idempotency-Replayed'),
          '400': problem('The body is no such array.'), ...writing, '503': { ...unavailable, content: { 'application/json': { schema: ordersCreated(name) }, 'application/problem+json': { schema: ref('Problem') } } },
        },
      };
    case 'post-one':
      return { tag, parameters: writeParameters, requestBody: body(ref(`${name}Input`)), responses: { '201': json('The stored record.', ref(name), 'Location', 'Sluice-Batch-Id', 'Idempotency-Replayed'), '202': pending, '400': problem('The body is not valid JSON, or the record was refused (`invalid-record`): see errors.'), ...writing } };
    case 'post-batch':
      return {
        tag,
        description: `At most ${limits.maxBatchItems} items and ${limits.maxBodyBytes} bytes. Every item is answered for by its index. As application/x-ndjson the body is one item a line.`,
        parameters: writeParameters,
        requestBody: body({ type: 'object', required: [kind.rest.collection], properties: { [kind.rest.collection]: { type: 'array', minItems: 1, maxItems: limits.maxBatchItems, items: ref(`${name}Input`) }, clientReference: { type: ['string', 'null'], minLength: 1, maxLength: LONGEST_REFERENCE, description: 'As the header Client-Reference.' } }, additionalProperties: { type: 'null' } }, 'application/x-ndjson'),
        responses: {
          '201': json('Every item is stored.', ref(`${name}Batch`), 'Idempotency-Replayed'),
          '202': pending,
          '207': json('Some items are stored.', ref(`${name}Batch`), 'Idempotency-Replayed'),
          '400': { description: 'Every item was refused, or the body cannot be read.', ...header('Idempotency-Replayed'), content: { 'application/json': { schema: ref(`${name}Batch`) }, 'application/problem+json': { schema: ref('Problem') } } },
          ...writing,
          '503': { ...unavailable, content: { 'application/json': { schema: ref(`${name}Batch`) }, 'application/problem+json': { schema: ref('Problem') } } },
        },
      };
    case 'post-upload':
      return {
        tag: 'batches',
        description: 'Taken in as it comes, as fast as it is written; broken off, it goes on with Upload-Offset under the same Idempotency-Key, or by PATCH of the batch.',
        parameters: [...optionParameters(limits.maxParallelism), offsetParameter, parameter('Idempotency-Key'), parameter('Client-Reference')],
        requestBody: { required: true, content: uploadContent },
        responses: { '202': uploaded, '400': problem('The upload cannot be read; says at which byte. What came before stands.', 'Upload-Offset'), '409': problem('Another offset is right (`wrong-offset`), or nothing can be added (`upload-over`, `upload-in-progress`).', 'Upload-Offset'), '408': idle, '413': problem('More items than a large batch may have.'), '415': writing['415'], '422': writing['422'], '503': unavailable },
      };
    case 'list-records':
      return {
        tag,
        description: `A sort that no index serves needs at most 100,000 matches (\`sort-too-wide\`); offset + limit goes to ${DEEPEST}. Ids break ties, in the direction of the first field.`,
        parameters: listParameters(kind),
        responses: { '200': json('One page.', { type: 'object', required: ['content', 'pagination'], properties: { content: { type: 'array', items: ref(name) }, pagination: ref('Pagination') } }, 'Sluice-Ignored'), '400': badQuery, '503': unavailable },
      };
    case 'get-record':
      return { tag, parameters: [idParameter], responses: { '200': json('The record.', ref(name), 'Sluice-Ignored'), '400': badQuery, '404': problem('No such record (`not-found`).'), '503': unavailable } };
    case 'put-record':
      return { tag, parameters: [idParameter, ...writeParameters], requestBody: body(ref(`${name}Change`)), responses: { '200': json('The changed record.', ref(name), 'Sluice-Batch-Id', 'Idempotency-Replayed'), '202': pending, '400': problem('The change was refused: see errors.'), '404': problem('No such record (`not-found`).'), ...writing, '409': problem('The record has another version by now (`version-conflict`), its state forbids it, or the same Idempotency-Key is in work (`request-in-progress`).') } };
    case 'delete-record':
      return {
        tag, parameters: [idParameter, { name: 'version', in: 'query', required: true, description: 'The version that was read.', schema: { type: 'integer', minimum: 1, maximum: 2_147_483_647 } }, ...writeParameters],
        responses: { '204': { description: 'It is deleted.', ...header('Sluice-Batch-Id', 'Idempotency-Replayed', 'Sluice-Ignored') }, '202': pending, '400': badQuery, '404': problem('No such record (`not-found`).'), '409': problem('The record has another version by now (`version-conflict`), its state forbids it, or the same Idempotency-Key is in work (`request-in-progress`).'), '422': writing['422'], '503': unavailable },
      };
    case 'patch-upload':
    case 'steer-batch':
    case 'receipts':
    case 'verify':
    case 'health-live':
    case 'health-ready':
    case 'metrics':
    case 'metrics-targets':
    case 'openapi':
    case 'docs':
      throw new Error(`the operation ${operation} is not one of records`);
  }
}

/** Parameters of a list: paging, order, and the kind's filters. */
function listParameters(kind: RecordKind): Schema[] {
  const sorts = Object.keys(kind.list.sorts);
  const list = (items: Schema) => ({ style: 'form', explode: false, schema: listed(items) });
  return [
    { name: 'offset', in: 'query', schema: { type: 'integer', minimum: 0, maximum: DEEPEST, default: 0 } },
    { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: kind.list.mostLimit ?? MOST_LIMIT, default: DEFAULT_LIMIT } },
    { name: kind.list.sortParameter ?? 'sortBy', in: 'query', description: 'Fields with commas between; - before a name for descending. Null comes last, first when descending.', style: 'form', explode: false, schema: { type: 'array', minItems: 1, maxItems: sorts.length, uniqueItems: true, items: { enum: sorts.flatMap((name) => [name, `-${name}`]) } } },
    ...Object.entries(kind.list.filters).map(([name, filter]) => ({
      name, in: 'query', description: 'One value, or several with commas between.',
      ...list(filter.type === 'choice' ? { enum: [...(filter.values ?? [])] } : filter.type === 'whole' ? { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } : LISTED_TEXT),
    })),
  ];
}
