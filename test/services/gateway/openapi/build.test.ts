import { MikroORM } from '@mikro-orm/postgresql';
import { buildOpenApi, type OpenApiDocument } from '../../../../services/gateway/openapi/build.ts';
import { routesOf } from '../../../../services/gateway/routes-table.ts';
import { columnsOf } from '../../../../shared/records/columns.ts';
import execution from '../../../../shared/records/execution.kind.ts';
import type { RecordKind } from '../../../../shared/records/record-kind.ts';

let document: OpenApiDocument;
beforeAll(async () => {
  const orm = await MikroORM.init({ entities: [execution.entity], dbName: 'none', connect: false } as Parameters<typeof MikroORM.init>[0]);
  document = buildOpenApi([{ record: execution, columns: columnsOf(orm, execution) }], { maxBatchItems: 5_000, maxOrders: 1_000, maxBodyBytes: 8_388_608, maxParallelism: 64 });
});

/** Every object in the document, with its place. */
function* objects(value: unknown, place: string): Generator<[string, Record<string, unknown>]> {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) yield [place, value as Record<string, unknown>];
  for (const [name, child] of Object.entries(value)) yield* objects(child, `${place}/${name}`);
}

const at = (pointer: string): unknown => pointer.slice(2).split('/').reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part.replace(/~1/g, '/').replace(/~0/g, '~')], document);

test('every route stands in it once, with its method, and nothing else does', () => {
  const described = Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  expect(described.sort()).toEqual(routesOf([execution]).map((route) => `${route.method} ${route.path}`).sort());
});

test('the paths that clients of the wire call are there', () => {
  const paths = Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));
  expect(paths).toEqual(expect.arrayContaining([
    'post /api/v1/executions', 'post /api/v1/executions/batch', 'get /api/v1/executions', 'get /api/v1/execution/{id}', 'get /api/v1/executions/{id}',
    'put /api/v1/execution/{id}', 'put /api/v1/executions/{id}', 'get /api/v1/batches/{id}', 'get /api/v1/batches/{id}/items', 'get /actuator/health/readiness',
  ]));
});

test('a switch of an operation may not be null, which is refused lest it be taken for the change itself; other arguments may', () => {
  const members = (path: string) => (at(`#/paths/${path.replaceAll('/', '~1')}/post/requestBody/content/application~1json/schema/properties`) as Record<string, { type?: string; anyOf?: unknown }>);
  expect(members('/api/v1/nodes/{node}/drain')).toMatchObject({ dryRun: { type: 'boolean' }, force: { type: 'boolean' } });
  expect(members('/api/v1/queues/{queue}/pause').why?.anyOf).toContainEqual({ type: 'null' });
});

test('every reference leads somewhere', () => {
  const references = [...objects(document, '#')].flatMap(([, object]) => (typeof object.$ref === 'string' ? [object.$ref] : []));
  expect(references.length).toBeGreaterThan(20);
  expect(references.filter((reference) => at(reference) === undefined)).toEqual([]);
});

test('operation ids are unique, and every parameter of a path is described', () => {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.values(methods).map((operation) => ({ path, operation })));
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, operation } of operations) {
    const given = (operation.parameters as { name?: string; in?: string }[]).filter((p) => p.in === 'path').map((p) => p.name);
    expect([path, given]).toEqual([path, [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])]);
  }
});

test('every response has a description, and errors are problem documents', () => {
  for (const methods of Object.values(document.paths)) {
    for (const operation of Object.values(methods)) {
      for (const [status, response] of Object.entries(operation.responses as Record<string, { description?: string; content?: object }>)) {
        expect(response.description).toEqual(expect.any(String));
        if (Number(status) >= 400 && !(operation.tags as string[]).includes('operations')) expect(Object.keys(response.content ?? {})).toContain('application/problem+json');
      }
    }
  }
});

test('a record is described with the members of the wire, in their order', () => {
  const { properties } = document.components.schemas.Execution as { properties: Record<string, { type: unknown }> };
  expect(Object.keys(properties)).toEqual(execution.wire);
  expect(properties).toMatchObject({ id: { type: 'integer' }, quantity: { type: 'number' }, limitPrice: { type: ['number', 'null'] }, sentTimestamp: { type: ['string', 'null'] }, receivedTimestamp: { type: 'string' }, quantityFilled: { type: 'number' }, securityId: { type: 'string', minLength: 24 } });
});

test('an item is described by the rules that check it', () => {
  expect(document.components.schemas.ExecutionInput).toMatchObject({
    required: ['tradeType', 'destination', 'securityId', 'quantity'],
    properties: { destination: { minLength: 1, maxLength: 20 }, securityId: { minLength: 24, maxLength: 24 }, tradeType: { enum: ['BUY', 'SELL', 'SHORT', 'COVER', 'EXRC'] } },
  });
});

test('the list names every filter and every sort of the kind', () => {
  const parameters = document.paths['/api/v1/executions']?.get?.parameters as { name: string; schema: { items?: { enum?: string[] } } }[];
  expect(parameters.map((p) => p.name)).toEqual(['offset', 'limit', 'sortBy', ...Object.keys(execution.list.filters)]);
  expect(parameters[2]?.schema.items?.enum).toContain('-limitPrice');
});

test('a kind that cannot be changed has no PUT, and one whose names are the same no second path', () => {
  const { change: _, ...rest } = execution;
  const fixed: RecordKind = { ...rest, rest: { collection: 'notes', one: 'notes' } };
  const routes = routesOf([fixed]).filter((route) => route.kind !== undefined).map((route) => `${route.method} ${route.path}`);
  expect(routes).toEqual(['POST /api/v1/notes', 'POST /api/v1/notes/batch', 'POST /api/v1/batches/notes', 'GET /api/v1/notes', 'GET /api/v1/notes/{id}']);
});
