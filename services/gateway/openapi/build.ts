import { routesOf, type Route } from '../routes-table.ts';
import { LARGE_SCHEMAS } from './batches.ts';
import { LETTER_SCHEMAS } from './dead-letters.ts';
import { RECEIPT_SCHEMAS } from './receipts.ts';
import { SUBMISSION_SCHEMAS } from './submissions.ts';
import { describe, type Described, type Limits, type Surroundings } from './operations.ts';
import { batchSchema, COMMON_SCHEMAS, inputSchema, recordSchema, schemaName, type DescribedKind, type Schema } from './schemas.ts';

export interface OpenApiDocument {
  openapi: '3.1.0';
  info: Schema;
  servers: Schema[];
  tags: { name: string }[];
  paths: Record<string, Record<string, Schema>>;
  components: { schemas: Record<string, Schema>; parameters: Record<string, Schema>; headers: Record<string, Schema>; securitySchemes: Record<string, Schema> };
}

/** The OpenAPI 3.1 document of all that is served with these kinds and limits: from the kinds' rules and the table of routes. */
export function buildOpenApi(kinds: readonly DescribedKind[], limits: Limits): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = {};
  const tags = new Set<string>();
  for (const route of routesOf(kinds.map((k) => k.record))) {
    const operation = operationOf(route, { ...limits, kinds: kinds.map((k) => k.record.name), path: route.path });
    tags.add((operation.tags as string[])[0] ?? '');
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operation;
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Sluice', version: '1', description: 'Takes records over REST, stores the good ones in PostgreSQL, answers for each, and delivers each to Kafka.' },
    servers: [{ url: '/' }],
    tags: [...tags].map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...COMMON_SCHEMAS, ...LETTER_SCHEMAS, ...RECEIPT_SCHEMAS, ...LARGE_SCHEMAS, ...SUBMISSION_SCHEMAS, ...Object.assign({}, ...kinds.map(schemasOf)) as Record<string, Schema> },
      parameters: PARAMETERS,
      headers: HEADERS,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' } },
    },
  };
}

function operationOf(route: Route, around: Surroundings): Schema {
  const { tag, ...described } = describe(route.operation, route.kind, around);
  const file = route.path.includes('{file}') ? [{ name: 'file', in: 'path', required: true, schema: { type: 'string' } }] : [];
  return {
    operationId: [...route.operation.split('-'), ...(route.kind === undefined ? [] : [route.kind.name]), ...(route.operation === 'steer-batch' || route.operation === 'tune-batch' ? [route.path.split('/').at(-1) ?? ''] : []), ...(route.alias === true ? ['at', ...route.path.split(/[^A-Za-z]+/).filter((p) => p !== '')] : [])].join('-'),
    tags: [tag],
    summary: route.summary,
    ...described,
    ...guarded(route, described.responses),
    parameters: [...(described.parameters ?? []), ...file],
  };
}

/** What a route answers beside what it does. */
function guarded({ access }: Route, responses: Described['responses']): Schema {
  const problem = (description: string) => ({ description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } });
  const every = { ...responses, 431: problem('The line of the request and its headers are longer than 16 KB together.') };
  if (access === 'open') return { responses: every };
  const roles = access === 'local' ? ['read'] : access;
  return {
    security: [{ bearer: [] }, { key: [] }, {}],
    responses: {
      ...every,
      401: problem('Where there are keys: this needs one, or the one sent is not good (`unauthenticated`).'),
      403: problem(`The key has none of the roles ${roles.join(', ')} (\`forbidden\`), or is not for this kind (\`kind-not-allowed\`).`),
      429: { ...problem('More requests than the limit of the key allows (`rate-limited`).'), headers: { 'Retry-After': { $ref: '#/components/headers/Retry-After' } } },
    },
  };
}

function schemasOf(kind: DescribedKind): Record<string, Schema> {
  const { record } = kind;
  const name = schemaName(record);
  return {
    [name]: recordSchema(kind),
    [`${name}Input`]: inputSchema(record.item, record.ignored),
    ...(record.process === undefined ? { [`${name}Batch`]: batchSchema(record) } : {}),
    ...(record.change === undefined ? {} : { [`${name}Change`]: inputSchema(record.change.rules, []) }),
  };
}

const PARAMETERS: Record<string, Schema> = {
  'Idempotency-Key': { name: 'Idempotency-Key', in: 'header', description: 'The same key with the same body gives the stored answer again.', schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[ -~]+$' } },
  'Client-Reference': { name: 'Client-Reference', in: 'header', description: 'Your own name for the request, kept with its batch: receipts are found by it. UTF-8.', schema: { type: 'string', minLength: 1, maxLength: 255 } },
  Prefer: { name: 'Prefer', in: 'header', description: 'return=minimal (ids instead of records), respond-async, wait=N (seconds); several with commas between.', schema: { type: 'string' } },
};

const HEADERS: Record<string, Schema> = {
  'Retry-After': { description: 'Seconds after which sending again makes sense.', schema: { type: 'integer', minimum: 1 } },
  'Idempotency-Replayed': { description: '`true` when this is the answer of an earlier request with the same key.', schema: { enum: ['true'] } },
  'Sluice-Ignored': { description: 'What of the query was not known and left out, where the setting unknownQuery allows it.', schema: { type: 'string' } },
  'Sluice-Batch-Id': { description: 'The batch that the record came with: /api/v1/batches/{id}.', schema: { type: 'string', format: 'uuid' } },
  'Upload-Complete': { description: '?1 when all of the upload has come, else ?0 (RFC 9651).', schema: { enum: ['?0', '?1'] } },
  Link: { description: 'RFC 8288.', schema: { type: 'string' } },
  'Upload-Offset': { description: 'Bytes of the upload that were taken: where it goes on.', schema: { type: 'integer', format: 'int64', minimum: 0 } },
  Location: { description: 'Where to read on.', schema: { type: 'string', format: 'uri-reference' } },
};
