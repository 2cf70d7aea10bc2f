import { BATCH_STATES } from '../../../shared/batches/states.ts';
import type { Column } from '../../../shared/records/columns.ts';
import { scaleOf } from '../../../shared/records/columns.ts';
import type { ItemRule, ItemRules } from '../../../shared/records/item-rules.ts';
import { rowRules, type RecordKind } from '../../../shared/records/record-kind.ts';

/** A JSON Schema of draft 2020-12, which OpenAPI 3.1 uses. */
export type Schema = Record<string, unknown>;

/** A kind as the document describes it. */
export interface DescribedKind {
  record: RecordKind;
  columns: readonly Column[];
}

/** One of several texts in a query with commas between: what the reader of such lists takes. */
export const LISTED_TEXT: Schema = { type: 'string', minLength: 1, maxLength: 200, pattern: '^[^\\u0000,\\s]([^\\u0000,]*[^\\u0000,\\s])?$' };

/** A time or a day in a query or a filter: none before 1970 is taken. */
export const INSTANT: Schema = { pattern: '^(19[7-9]|[2-9][0-9])', anyOf: [{ type: 'string', format: 'date-time' }, { type: 'string', format: 'date' }] };

/** Schema of a parameter that takes one value, or several with commas between. */
export const listed = (items: Schema): Schema => ({ type: 'array', minItems: 1, maxItems: 64, items });

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** Name of a kind in the document: `execution` becomes `Execution`. */
export function schemaName(kind: RecordKind): string {
  return kind.name.split(/[^A-Za-z0-9]+/).map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('');
}

/** What a client may send: a schema that accepts what the item rules accept. */
export function inputSchema(rules: ItemRules, ignored: readonly string[]): Schema {
  const required = Object.entries(rules).filter(([, rule]) => rule.optional !== true).map(([name]) => name);
  return {
    type: 'object',
    ...(required.length === 0 ? {} : { required }),
    properties: {
      ...Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, ruleSchema(rule)])),
      ...Object.fromEntries(ignored.map((name) => [name, { description: 'Accepted and left out: Sluice sets it.' }])),
    },
    additionalProperties: { type: 'null', description: 'Members that are not known must be null.' },
  };
}

/** One rule; what is optional may be null as well. */
function ruleSchema(rule: ItemRule): Schema {
  const schema = { ...bareRule(rule), ...(rule.default === undefined ? {} : { default: rule.default }) };
  return rule.optional === true ? { anyOf: [schema, { type: 'null' }], ...(rule.default === undefined ? {} : { default: rule.default }) } : schema;
}

function bareRule(rule: ItemRule): Schema {
  switch (rule.type) {
    case 'enum':
      return { type: 'string', enum: [...rule.values] };
    case 'text':
      return { type: 'string', minLength: rule.min, maxLength: rule.max, pattern: `^[^\\u0000]{${rule.min},${rule.max}}$` };
    case 'whole':
      return { type: 'integer', minimum: rule.min, maximum: rule.max };
    case 'instant':
      return { type: 'string', format: 'date-time', minLength: 1, maxLength: 40 };
    case 'decimal':
      return {
        description: `Exact decimal: at most ${rule.precision - rule.scale} digits before the point and ${rule.scale} behind it, as a number or as text.`,
        anyOf: [
          { type: 'number', ...(rule.sign === 'positive' ? { exclusiveMinimum: 0 } : rule.sign === 'natural' ? { minimum: 0 } : { exclusiveMinimum: -(10 ** (rule.precision - rule.scale)) }), exclusiveMaximum: 10 ** (rule.precision - rule.scale) },
          { type: 'string', pattern: '^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,6})?$', examples: ['100.25'] },
        ],
      };
  }
}

/** A stored record, its members in the order in which they are sent. */
export function recordSchema({ record, columns }: DescribedKind): Schema {
  const schemaOf = (property: string): Schema => {
    if (record.joined?.[property] !== undefined) return { type: ['string', 'null'] };
    const column = columns.find((c) => c.property === property);
    return column === undefined ? SENT : memberSchema(record, column);
  };
  const properties = Object.fromEntries(record.wire.map((entry) => {
    if (typeof entry === 'string') return [entry, schemaOf(entry)];
    const group: Schema = { type: 'object', required: Object.keys(entry.members), properties: Object.fromEntries(Object.entries(entry.members).map(([name, property]) => [name, schemaOf(property)])) };
    return [entry.name, entry.nullWith === undefined ? group : { anyOf: [group, { type: 'null' }] }];
  }));
  return { type: 'object', required: Object.keys(properties), properties };
}

const SENT: Schema = { type: ['string', 'null'], format: 'date-time', description: 'When Kafka acknowledged the record; null before.' };

function memberSchema(record: RecordKind, column: Column): Schema {
  const rule = rowRules(record)[column.property];
  const filter = Object.values(record.list.filters).find((f) => f.property === column.property);
  const nullable = rule?.optional === true && rule.default === undefined || (rule === undefined && !column.primary && column.defaultText === null && column.property !== record.receivedAt);
  const type = (name: string) => (nullable ? [name, 'null'] : name);
  if (filter?.values !== undefined) return { type: type('string'), enum: [...filter.values, ...(nullable ? [null] : [])] };
  switch (column.wire) {
    case 'decimal':
      return { type: type('number'), description: `Exactly the stored digits, ${scaleOf(column.sqlType)} behind the point.` };
    case 'number':
      return { type: type('integer'), ...(column.primary ? { format: 'int64', minimum: 1 } : {}) };
    case 'time':
      return { type: type('string'), format: 'date-time' };
    case 'boolean':
      return { type: type('boolean') };
    case 'text':
      return { type: type('string'), ...(rule?.type === 'text' ? { minLength: rule.min, maxLength: rule.max } : {}) };
  }
}

const count: Schema = { type: 'integer', minimum: 0 };
const object = (properties: Record<string, Schema>, optional: readonly string[] = []): Schema => ({ type: 'object', required: Object.keys(properties).filter((name) => !optional.includes(name)), properties });
const fault = (more: Record<string, Schema>): Schema => object({ ...more, pointer: { type: 'string', description: 'JSON pointer (RFC 6901), or the name of the parameter.' }, code: { type: 'string' }, message: { type: 'string' } }, ['index']);
const sum = object({ expected: count, found: count, holds: { type: 'boolean' } });

/** Schemas that all kinds share. */
export const COMMON_SCHEMAS: Record<string, Schema> = {
  Problem: {
    description: 'RFC 9457 problem document.',
    ...object({
      type: { type: 'string', format: 'uri' }, title: { type: 'string' }, status: { type: 'integer', minimum: 400, maximum: 599 },
      detail: { type: 'string' }, message: { type: 'string', description: 'The same as detail.' }, instance: { type: 'string' },
      code: { type: 'string', description: 'Stable name of the problem.' }, errors: { type: 'array', items: ref('Fault') },
    }, ['instance', 'errors']),
  },
  Fault: fault({ index: count }),
  Pagination: object({
    offset: count, limit: { type: 'integer', minimum: 1 }, pageSize: { type: 'integer', minimum: 1, description: 'The same as limit.' }, totalElements: count,
    totalIsEstimate: { const: true, description: 'There when more than 100,000 match: totalElements is an estimate then.' },
    totalPages: count, currentPage: { ...count, description: 'The first page is 0.' }, hasNext: { type: 'boolean' }, hasPrevious: { type: 'boolean' },
  }, ['totalIsEstimate']),
  Uploaded: object({ batchId: { type: 'string', format: 'uuid' }, state: { enum: [...BATCH_STATES] }, accepted: count, rejected: count, predictedFinish: { type: ['string', 'null'], format: 'date-time' } }),
  BatchMoved: object({ batchId: { type: 'string', format: 'uuid' }, state: { enum: [...BATCH_STATES] } }),
  Pending: object({ status: { const: 'PENDING' }, message: { type: 'string' }, totalRequested: count, batchId: { type: 'string', format: 'uuid' }, results: { type: 'array', maxItems: 0 } }),
  SinkCounts: object({ due: count, delivered: count, waiting: count, dead: count, discarded: count, superseded: count }),
  BatchStatus: object({
    batchId: { type: 'string', format: 'uuid' }, kind: { type: 'string' }, clientReference: { type: ['string', 'null'] }, state: { enum: ['open', 'closed'] },
    receivedAt: { type: 'string', format: 'date-time' }, closedAt: { type: ['string', 'null'], format: 'date-time' },
    accepted: count, written: count, rejected: count, withdrawn: count, pending: count,
    delivery: { type: 'object', description: 'By sink.', additionalProperties: ref('SinkCounts') },
    law: { description: 'accepted = written + rejected + withdrawn + pending; for each sink due = delivered + waiting + dead + discarded + superseded.', ...object({ items: sum, delivery: { type: 'object', additionalProperties: sum } }) },
  }),
  VerifyReport: object({
    holds: { type: 'boolean' }, at: { type: 'string', format: 'date-time' },
    kinds: {
      type: 'object', description: 'By kind.',
      additionalProperties: object({
        holds: { type: 'boolean' }, batches: count, accepted: count, written: count, rejected: count, withdrawn: count, pending: count,
        inserted: { ...count, description: 'Records that the ledger says were inserted.' }, rows: { type: ['integer', 'null'], description: 'Rows counted in the table.' }, deleted: { type: ['integer', 'null'], description: 'Records that the ledger says were deleted.' },
        delivery: { type: 'object', description: 'By sink.', additionalProperties: ref('SinkCounts') },
      }),
    },
    breaches: { type: 'array', items: object({ what: { type: 'string', description: 'Stable name of what is wrong.' }, where: { type: 'object', description: 'Kind, batch, first index of the slice, sink, id of the record, dead letter: as far as they are known.' }, expected: { type: 'integer' }, found: { type: 'integer' } }) },
    more: { type: 'boolean', description: 'There are more breaches than are named.' },
  }),
};

/** The answer of a batch of a kind. */
export function batchSchema(kind: RecordKind): Schema {
  return object({
    status: { enum: ['SUCCESS', 'PARTIAL_SUCCESS', 'FAILED'] }, message: { type: 'string' }, totalRequested: count, successful: count, failed: count,
    results: {
      type: 'array',
      description: 'One for each item, in the order of the request.',
      items: object({
        requestIndex: count, status: { enum: ['SUCCESS', 'FAILED'] }, message: { type: 'string' }, code: { type: 'string' }, errors: { type: 'array', items: ref('Fault') },
        id: { type: 'integer', description: 'With Prefer: return=minimal.' }, execution: { anyOf: [ref(schemaName(kind)), { type: 'null' }] },
      }, ['code', 'errors', 'id', 'execution']),
    },
    batchId: { type: 'string', format: 'uuid' }, metrics: { type: 'object', additionalProperties: { type: 'number' } },
  });
}
